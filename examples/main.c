/* main.c -- the main of every example. */
#include "example.h"

int main(int argc, char **argv)
{
    return leat_main(argc, argv, &example);
}
