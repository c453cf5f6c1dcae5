/* metadata.c -- see metadata.h: the texts, and those of a seed disk. */
#include "metadata.h"

#include <stdio.h>
#include <string.h>

#include "facts.h"
#include "seed.h"

enum {
    LINE_BYTES = OPTIONS_LINE_BYTES,
    SEED_FILE_BYTES = 8192
};

static struct {
    struct facts facts;
    char user[METADATA_USER_BYTES];
    char user_room[METADATA_USER_BYTES + 1]; /* for options_parse(), as the next one */
    char facts_room[FACTS_BYTES + 1];
    struct options_text texts[OPTIONS_TEXTS];
    char file[SEED_FILE_BYTES];
    struct seed seed;
    const char *note;
    char line[LINE_BYTES];
} found;

void metadata_open(struct options_world *world)
{
    found.texts[0] =
        (struct options_text){.name = "user data", .bytes = found.user, .room = found.user_room};
    found.texts[1] = (struct options_text){
        .name = "metadata", .bytes = found.facts.text, .room = found.facts_room};
    world->texts = found.texts;
}

struct facts *metadata_facts(void)
{
    return &found.facts;
}

void metadata_end_facts(void)
{
    found.texts[1].len = found.facts.len;
}

const char *metadata_note(void)
{
    return found.note;
}

const char *metadata_complain(const struct options_metadata *choice, const char *why)
{
    snprintf(found.line, sizeof found.line, "--metadata %s: %.250s",
             options_metadata_names[choice->where], why);
    return found.line;
}

/* True for user data of cloud-init's other kinds, which other programs of the machine's owner may
 * need. */
static bool is_for_others(const char *bytes, size_t len)
{
    static const char *const begins[] = {
        "#cloud-config", "#!",    "#include", "#cloud-boothook", "## template:",
        "Content-Type:", "MIME-", "\x1f\x8b", "#part-handler",   "#upstart-job"};

    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++) {
        const size_t count = strlen(begins[i]);

        if (len >= count && memcmp(bytes, begins[i], count) == 0)
            return true;
    }
    return false;
}

const char *metadata_take_user(const char *bytes, size_t len)
{
    if (is_for_others(bytes, len)) {
        found.note =
            "user data are for cloud-init, and were left out: options are lines NAME = VALUE";
        return NULL;
    }
    if (len > sizeof found.user)
        return "user data have more than 8,192 bytes: give less";
    memcpy(found.user, bytes, len);
    found.texts[0].len = len;
    return NULL;
}

/* Reads the file @name of the seed; @len is 0 if there is none.  NULL, or what is wrong. */
static const char *read_file(const char *name, size_t *len)
{
    static char why[LINE_BYTES];
    struct seed_file file;
    enum seed_outcome outcome = seed_find(&found.seed, name, &file);
    const char *wrong = "the disk is damaged, or can't be read: make it again";

    *len = 0;
    if (outcome == SEED_NOT_FOUND)
        return NULL;
    if (outcome == SEED_GOOD && file.len > sizeof found.file)
        wrong = "it has more than 8,192 bytes: give less";
    else if (outcome == SEED_GOOD)
        outcome = seed_read(&found.seed, &file, found.file);
    if (outcome == SEED_GOOD && file.len <= sizeof found.file) {
        *len = file.len;
        return NULL;
    }
    snprintf(why, sizeof why, "%s: %s", name, wrong);
    return why;
}

/* NULL, or what is wrong. */
static const char *read_files(const struct options_metadata *choice)
{
    const char *wrong = NULL;
    size_t len = 0;

    if (choice->name)
        wrong = read_file("meta-data", &len);
    if (!wrong && !facts_read_names(&found.facts, found.file, len))
        wrong = found.facts.why;
    len = 0;
    if (!wrong && choice->address)
        wrong = read_file("network-config", &len);
    if (!wrong && !facts_read_network(&found.facts, found.file, len))
        wrong = found.facts.why;
    len = 0;
    if (!wrong && choice->options)
        wrong = read_file("user-data", &len);
    return wrong ? wrong : metadata_take_user(found.file, len);
}

const char *metadata_read_seed(const struct options_metadata *choice,
                               struct leat_files_medium *medium, const char *disk)
{
    const enum seed_outcome outcome = seed_open(&found.seed, medium);
    const char *wrong = "the disk is damaged: make it again";

    if (outcome == SEED_GOOD)
        wrong = read_files(choice);
    if (found.seed.failed) {
        snprintf(found.file, sizeof found.file, "%.100s %s", disk, seed_failed);
        wrong = found.file;
    } else if (outcome == SEED_NOT_FOUND) {
        snprintf(found.file, sizeof found.file,
                 "%.100s has no volume \"cidata\" of vfat or ISO 9660: make one with genisoimage "
                 "-V cidata -J -r",
                 disk);
        wrong = found.file;
    }
    metadata_end_facts();
    return wrong ? metadata_complain(choice, wrong) : NULL;
}

bool metadata_is_asked(const struct options *options)
{
    return options->metadata.where == METADATA_EC2 || options->metadata.where == METADATA_GCP;
}
