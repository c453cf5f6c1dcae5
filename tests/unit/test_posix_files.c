/* test_posix_files.c -- a file of a program on POSIX has its old contents or the new ones. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "posix_files.h"

enum {
    PATH_BYTES = 64
};

static char folder[] = "/tmp/leat-files-XXXXXX";
static char path[PATH_BYTES], beside[PATH_BYTES + sizeof ".new"];

/* ---- the calls of the system, noted and failing on demand */

static char calls[100];
static size_t write_max;
static int write_error, fsync_error, rename_error;

ssize_t __real_write(int fd, const void *bytes, size_t len);
ssize_t __wrap_write(int fd, const void *bytes, size_t len);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);

ssize_t __wrap_write(int fd, const void *bytes, size_t len)
{
    strcat(calls, "write ");
    errno = write_error;
    return write_error ? -1 : __real_write(fd, bytes, len < write_max ? len : write_max);
}

int __wrap_fsync(int fd)
{
    struct stat state;

    assert_int_equal(fstat(fd, &state), 0);
    strcat(calls, S_ISDIR(state.st_mode) ? "folder " : "file ");
    errno = fsync_error;
    return fsync_error ? -1 : __real_fsync(fd);
}

int __wrap_rename(const char *from, const char *to)
{
    strcat(calls, "rename ");
    errno = rename_error;
    return rename_error ? -1 : __real_rename(from, to);
}

/* ---- */

static enum leat_err put(const char *text)
{
    calls[0] = '\0';
    return posix_files_write(path, text, strlen(text));
}

static void expect(const char *at, const char *text)
{
    struct posix_files files = {0};
    const char *bytes;
    size_t len;

    assert_int_equal(posix_files_read(&files, at, &bytes, &len), LEAT_OK);
    assert_int_equal(len, strlen(text));
    assert_string_equal(bytes, text);
    posix_files_close(&files);
}

static int set_up(void **state)
{
    (void)state;
    strcpy(folder + sizeof folder - 7, "XXXXXX");
    if (!mkdtemp(folder))
        return 1;
    snprintf(path, sizeof path, "%s/keys", folder);
    snprintf(beside, sizeof beside, "%s.new", path);
    write_max = SIZE_MAX;
    write_error = fsync_error = rename_error = 0;
    return 0;
}

static int tear_down(void **state)
{
    char other[PATH_BYTES];

    (void)state;
    snprintf(other, sizeof other, "%s/other", folder);
    unlink(other);
    unlink(beside);
    unlink(path);
    return rmdir(folder); /* nothing else is left */
}

static void a_file_is_its_owners(void **state)
{
    struct stat is;

    (void)state;
    assert_int_equal(put("first"), LEAT_OK);
    expect(path, "first");
    assert_int_equal(stat(path, &is), 0);
    assert_int_equal(is.st_mode & 0777, 0600);
}

static void the_bytes_are_on_the_disk_before_the_name(void **state)
{
    (void)state;
    assert_int_equal(put("first"), LEAT_OK);
    assert_string_equal(calls, "write file rename folder ");
}

/* A program that has the file open, as a backup, reads the old one to its end. */
static void a_reader_sees_one_of_them(void **state)
{
    char bytes[20] = "";
    int fd;

    (void)state;
    assert_int_equal(put("first and longer"), LEAT_OK);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_int_equal(put("second"), LEAT_OK);
    assert_int_equal(read(fd, bytes, sizeof bytes), 16);
    assert_string_equal(bytes, "first and longer");
    close(fd);
    expect(path, "second");
}

static void a_failure_keeps_the_old_one(void **state)
{
    int *const errors[] = {&write_error, &fsync_error, &rename_error};

    (void)state;
    assert_int_equal(put("first"), LEAT_OK);
    for (unsigned i = 0; i < sizeof errors / sizeof *errors; i++) {
        *errors[i] = i == 0 ? ENOSPC : EIO;
        assert_int_equal(put("second"), LEAT_ERR_DEVICE);
        *errors[i] = 0;
        expect(path, "first");
        assert_int_equal(access(beside, F_OK), -1);
    }
}

static void short_writes_go_on(void **state)
{
    (void)state;
    write_max = 3;
    assert_int_equal(put("a longer text"), LEAT_OK);
    expect(path, "a longer text");
}

/* A run may have crashed between the two names; and another user may have put a link there. */
static void what_lies_beside_it_is_replaced(void **state)
{
    char other[PATH_BYTES];
    FILE *file;

    (void)state;
    snprintf(other, sizeof other, "%s/other", folder);
    file = fopen(other, "w");
    fputs("precious", file);
    fclose(file);
    assert_int_equal(symlink(other, beside), 0);
    assert_int_equal(put("first"), LEAT_OK);
    expect(path, "first");
    expect(other, "precious");
}

static void a_link_stays(void **state)
{
    char other[PATH_BYTES];
    struct stat is;

    (void)state;
    snprintf(other, sizeof other, "%s/other", folder);
    assert_int_equal(put("first"), LEAT_OK);
    assert_int_equal(rename(path, other), 0);
    assert_int_equal(symlink("other", path), 0);
    assert_int_equal(put("second"), LEAT_OK);
    assert_int_equal(lstat(path, &is), 0);
    assert_true(S_ISLNK(is.st_mode));
    expect(other, "second");
}

/* As a single file that is mounted into a container. */
static void a_file_that_can_not_be_replaced_is_written_in_place(void **state)
{
    (void)state;
    assert_int_equal(put("first and longer"), LEAT_OK);
    rename_error = EBUSY;
    assert_int_equal(put("second"), LEAT_OK);
    expect(path, "second");
    assert_int_equal(access(beside, F_OK), -1);
}

static void a_device_is_written_as_it_is(void **state)
{
    (void)state;
    assert_int_equal(posix_files_write("/dev/null", "text", 4), LEAT_OK);
}

static void a_path_without_a_folder_is_refused(void **state)
{
    (void)state;
    assert_int_equal(posix_files_write("/no/such/folder/file", "text", 4), LEAT_ERR_DEVICE);
    assert_int_equal(posix_files_write(folder, "text", 4), LEAT_ERR_DEVICE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_file_is_its_owners),
        TEST(the_bytes_are_on_the_disk_before_the_name),
        TEST(a_reader_sees_one_of_them),
        TEST(a_failure_keeps_the_old_one),
        TEST(short_writes_go_on),
        TEST(what_lies_beside_it_is_replaced),
        TEST(a_link_stays),
        TEST(a_file_that_can_not_be_replaced_is_written_in_place),
        TEST(a_device_is_written_as_it_is),
        TEST(a_path_without_a_folder_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
