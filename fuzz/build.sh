#!/usr/bin/env bash
# Builds all fuzz targets for ClusterFuzzLite or OSS-Fuzz, which run this script in an image based on their
# base-builder, with CC, CFLAGS, LIB_FUZZING_ENGINE and OUT set. The image needs meson, ninja, ragel, pkg-config, zip,
# and the headers of cmocka. Leaves $OUT/fuzz_NAME, with its corpus and dictionary beside it.
set -eu
cd "$(dirname "$0")/.."
build=${WORK:-build}/fuzz
meson setup --wipe "$build" -Dfuzz=true -Dtests=enabled -Db_lundef=false \
    "-Dfuzz_engine=${LIB_FUZZING_ENGINE:--fsanitize=fuzzer}" 2>/dev/null ||
    meson setup "$build" -Dfuzz=true -Dtests=enabled -Db_lundef=false \
        "-Dfuzz_engine=${LIB_FUZZING_ENGINE:--fsanitize=fuzzer}"
for source in fuzz/fuzz_*.c; do
    name=$(basename "$source" .c)
    # skip targets that lack a library in this image
    ninja -C "$build" -t query "fuzz/$name" >/dev/null 2>&1 || continue
    ninja -C "$build" "fuzz/$name"
    cp "$build/fuzz/$name" "$OUT/"
    [ ! -d "fuzz/corpus/${name#fuzz_}" ] || zip -qrj "$OUT/${name}_seed_corpus.zip" "fuzz/corpus/${name#fuzz_}"
done
for source in fuzz/fuzz_*.c; do
    printf '[libfuzzer]\nentropic = 0\n' >"$OUT/$(basename "$source" .c).options"
done
for name in api device frames services tcp wire; do # 96 steps of 16 bytes
    printf 'max_len = 1536\n' >>"$OUT/fuzz_$name.options"
done
for name in xen xen_disk; do # 200 steps of a few bytes
    printf 'max_len = 512\nlen_control = 0\n' >>"$OUT/fuzz_$name.options"
done
for dict in fuzz/dict/*.dict; do
    cp "$dict" "$OUT/fuzz_$(basename "$dict")"
done
