/* main.c -- the main of every example. */
#include "example.h"

/* A compiler without a hosted C library doesn't know the prototype. */
int main(int argc, char **argv);

int main(int argc, char **argv)
{
    return leat_main(argc, argv, &example);
}
