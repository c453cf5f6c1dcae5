/*
 * runner.c -- runs a fuzz target without libFuzzer: over files, to reproduce a failure; over a
 * folder; or over random inputs, as a test that any compiler can build.
 *
 *      fuzz_frame_run FILE|FOLDER...
 *      fuzz_frame_run --random COUNT [SEED]
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    INPUT_MAX = 1 << 16,
    RANDOM_MAX = 512
};

static uint64_t random_next(uint64_t *state)
{
    /* xorshift64* (Vigna 2016) */
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545f4914f6cdd1du;
}

/* The input ends at the end of its memory, so that a sanitizer detects reads beyond it. */
static void run(const uint8_t *bytes, size_t len)
{
    uint8_t *exact = malloc(len > 0 ? len : 1);

    if (!exact)
        abort();
    memcpy(exact, bytes, len);
    LLVMFuzzerTestOneInput(exact, len);
    free(exact);
}

static int run_random(unsigned long count, uint64_t seed)
{
    uint8_t bytes[RANDOM_MAX];
    uint64_t state = seed * 2 + 1;

    for (unsigned long i = 0; i < count; i++) {
        const size_t len = random_next(&state) >> 32 & (RANDOM_MAX - 1);

        for (size_t k = 0; k < len; k++)
            bytes[k] = (uint8_t)(random_next(&state) >> 56);
        run(bytes, len);
    }
    printf("%lu random inputs, seed %llu\n", count, (unsigned long long)seed);
    return 0;
}

static int run_file(const char *name)
{
    static uint8_t bytes[INPUT_MAX];
    FILE *file = fopen(name, "rb");
    size_t len;

    if (!file) {
        fprintf(stderr, "%s: can't be read\n", name);
        return 2;
    }
    len = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    run(bytes, len);
    return 0;
}

/* Runs all files of a folder. */
static int run_folder(const char *name, DIR *folder)
{
    const struct dirent *entry;
    unsigned count = 0;
    int status = 0;

    while (status == 0 && (entry = readdir(folder))) {
        char path[4096];

        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", name, entry->d_name);
        status = run_file(path);
        count++;
    }
    closedir(folder);
    printf("%s: %u inputs\n", name, count);
    return status;
}

int main(int argc, char **argv)
{
    if (argc >= 3 && strcmp(argv[1], "--random") == 0)
        return run_random(strtoul(argv[2], 0, 10), argc > 3 ? strtoul(argv[3], 0, 10) : 1);
    for (int i = 1; i < argc; i++) {
        DIR *folder = opendir(argv[i]);
        const int status = folder ? run_folder(argv[i], folder) : run_file(argv[i]);

        if (status != 0)
            return status;
    }
    return 0;
}
