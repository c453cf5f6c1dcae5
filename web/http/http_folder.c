/* http_folder.c -- see leat/http_folder.h: the file or redirect at a path. */
#include "web/http/http_folder.h"

#include <string.h>

#include "core/assert.h"
#include "core/second.h"

static const char index_name[] = "index.html";

/* ---- Path ------------------------------------------------------------------------------------ */

/* True if the name, which begins with a dot, is served. */
static bool is_well_known(const char *name, size_t len)
{
    static const char known[] = ".well-known";

    return len == sizeof known - 1 && memcmp(name, known, sizeof known - 1) == 0;
}

/* Appends a name to the path. False: there is no room. */
static bool path_add(struct http_opened *opened, const char *name, size_t len)
{
    const size_t slash = opened->path_len > 0;

    leat_assert(opened->path_len <= sizeof opened->path);
    if (opened->path_len + slash + len > sizeof opened->path)
        return false;
    if (slash)
        opened->path[opened->path_len++] = '/';
    memcpy(opened->path + opened->path_len, name, len);
    opened->path_len = (uint8_t)(opened->path_len + len);
    return true;
}

/* Begins at the folder's root, which leat_http_folder_open() has checked. */
static void path_start(struct http_opened *opened, const struct leat_http_folder *folder)
{
    const char *root = folder->config.root;

    opened->path_len = 0;
    if (*root)
        path_add(opened, root, http_length(root, HTTP_ROOT_BYTES));
}

/* Appends the path of the request in its normal form. False: it can't lead to a file. */
static bool path_read(struct http_opened *opened, const struct http_request *request)
{
    size_t at = 0;

    if (request->path_too_long)
        return false;
    for (size_t i = 0; i < request->path_len; i++) {
        /* A file system may end a name at a NUL: "secret.html%00.png" would then name another file
         * than the one that was checked. */
        if (request->path[i] == '\0')
            return false;
    }
    while (at < request->path_len) {
        const char *name = request->path + at;
        size_t len = 0;

        while (at + len < request->path_len && name[len] != '/')
            len++;
        at += len + 1;
        if (len == 0 || (len == 1 && name[0] == '.'))
            continue;
        /* A name with a dot in front is hidden. This also refuses "..", and so each path out of the
         * folder. RFC 8615 reserves ".well-known". */
        if ((name[0] == '.' && !is_well_known(name, len)) || !path_add(opened, name, len))
            return false;
    }
    return true;
}

/* ---- File ------------------------------------------------------------------------------------ */

static enum leat_err find(const struct leat_http_folder *folder, const char *path, size_t len,
                          struct leat_file *file)
{
    struct leat_files *files = folder->config.files;

    return files->find(files, path, len, file);
}

static void release(struct leat_file *file)
{
    leat_assert(file->source != NULL); /* it was found, and not released since */
    if (file->source->release)
        file->source->release(file->source, file);
}

static void set_content(struct http_found *found, const struct leat_file *file)
{
    leat_assert(!file->is_folder);
    /* NULL: the file is read from its source, piece by piece */
    found->content.bytes = file->bytes;
    found->content.len = file->len;
    found->content.tag = file->tag;
    found->content.modified_ns = file->modified_s > 0 ? (uint64_t)file->modified_s * second_ns : 0;
}

/* ---- Twins (RFC 9110 12.5.3) ----------------------------------------------------------------- */

enum {
    WEIGHT_MAX = 1000,
    TWIN_END_BYTES = 4
};

static const struct twin {
    const char *end;
    const char *coding;
    const char *alias; /* RFC 9110 8.4.1.3 */
} twins[] = {{".zst", "zstd", NULL}, {".br", "br", NULL}, {".gz", "gzip", "x-gzip"}};

/* True if @text is @word, which is of lower case, in any letter case. */
static bool is_word(const char *text, size_t len, const char *word)
{
    size_t at = 0;

    while (at < len && word[at]) {
        const char c = (char)(text[at] >= 'A' && text[at] <= 'Z' ? text[at] | 0x20 : text[at]);

        if (c != word[at])
            return false;
        at++;
    }
    return at == len && !word[at];
}

/* The weight of "q=0.5" in thousandths; one that is broken is 0. */
static unsigned weight_of(const char *text, size_t len)
{
    unsigned weight = 0, digit = WEIGHT_MAX;

    /* RFC 9110 12.4.2: without a weight it is 1; with 0 the client refuses the coding */
    if (len < 3 || (text[0] | 0x20) != 'q' || text[1] != '=')
        return len == 0 ? WEIGHT_MAX : 0;
    for (size_t at = 2; at < len && digit > 0; at++) {
        if (at == 3 && text[at] == '.')
            continue;
        if (text[at] < '0' || text[at] > '9')
            return 0;
        weight += (unsigned)(text[at] - '0') * digit;
        digit /= 10;
    }
    return weight < WEIGHT_MAX ? weight : WEIGHT_MAX;
}

/* The weight that the client gives to @coding, or @otherwise if it doesn't name it. */
static unsigned weight(const struct http_words *words, const char *coding, unsigned otherwise)
{
    size_t at = 0;

    /* A list that was cut is as if it were absent: a coding may have been refused in the lost
     * part. */
    while (at < words->codings_len && !words->codings_too_long) {
        const char *item = words->codings + at;
        size_t len = 0, name = 0;

        while (at + len < words->codings_len && item[len] != ',')
            len++;
        while (name < len && item[name] != ';')
            name++;
        at += len + 1;
        if (is_word(item, name, coding))
            return name < len ? weight_of(item + name + 1, len - name - 1) : WEIGHT_MAX;
    }
    return otherwise;
}

static unsigned twin_weight(const struct http_words *words, const struct twin *twin)
{
    const unsigned any = weight(words, "*", 0);

    /* RFC 9110 12.5.3: "*" stands for the codings that the client doesn't name */
    return weight(words, twin->coding, twin->alias ? weight(words, twin->alias, any) : any);
}

/* Exchanges the open file for a compressed twin, if the client likes that best; of several with one
 * weight, for the shortest. */
static void choose_twin(const struct leat_http_folder *folder, const struct http_words *words,
                        struct http_opened *opened, struct http_found *found)
{
    const int64_t modified_s = opened->file.modified_s;
    /* unless it is named, the file as it is comes after all that is (RFC 9110 12.5.3) */
    unsigned best = weight(words, "identity", 1);

    leat_assert(opened->file.source != NULL);
    for (unsigned i = 0; i < sizeof twins / sizeof *twins; i++) {
        const size_t end = http_length(twins[i].end, TWIN_END_BYTES);
        const unsigned likes = twin_weight(words, &twins[i]);
        struct leat_file twin;

        if (opened->path_len + end > sizeof opened->path)
            continue; /* the end of another coding may be shorter */
        memcpy(opened->path + opened->path_len, twins[i].end, end);
        if (find(folder, opened->path, opened->path_len + end, &twin))
            continue;
        /* A twin that is older than its file was made of an earlier version. It counts for Vary if
         * it could be chosen for another client. */
        found->content.varies |= !twin.is_folder && twin.modified_s >= modified_s;
        if (twin.is_folder || twin.modified_s < modified_s || likes == 0 || likes < best ||
            (likes == best && twin.len >= opened->file.len)) {
            release(&twin);
            continue;
        }
        /* only one file is open for a client at a time */
        release(&opened->file);
        opened->file = twin;
        best = likes;
        found->content.coding = twins[i].coding;
    }
}

/* ---- What is found --------------------------------------------------------------------------- */

/* True if @redirect is for the path; then it is @found. */
static bool redirects(const struct leat_http_redirect *redirect, const struct http_request *request,
                      struct http_found *found)
{
    size_t len = http_length(redirect->from, HTTP_PATH_BYTES);
    const bool below = len > 0 && redirect->from[len - 1] == '*';

    /* the star itself isn't compared; put_target() appends what it stands for */
    len -= below;
    if (request->path_len < len || (request->path_len > len && !below) ||
        memcmp(request->path, redirect->from, len) != 0)
        return false;
    found->status =
        (enum http_status)(redirect->status ? redirect->status : HTTP_MOVED_PERMANENTLY);
    found->target = (struct http_target){
        .to = redirect->to, .path = request->path + len, .path_len = request->path_len - len};
    return true;
}

/* A folder is its page, behind a slash. Returns false if it has none. */
static bool enter_folder(const struct leat_http_folder *folder, const struct http_request *request,
                         struct http_opened *opened, struct http_found *found)
{
    const size_t root = http_length(folder->config.root, HTTP_ROOT_BYTES);
    const size_t before = root + (root > 0); /* what the request has named begins there */

    leat_assert(request->path_len > 0); /* http_request.rl: a path begins with a slash */
    release(&opened->file);
    opened->file.source = NULL;
    /* Without the slash, a browser would look for the page's relative references beside the
     * folder. The target is made of the path's normal form, because "//host" in a Location is
     * another host. */
    if (request->path[request->path_len - 1] != '/' && opened->path_len > root) {
        found->status = HTTP_MOVED_PERMANENTLY;
        found->target = (struct http_target){.to = "/",
                                             .path = opened->path + before,
                                             .path_len = opened->path_len - before,
                                             .slash = true};
        return true;
    }
    /* the entries of a folder are never listed */
    if (!path_add(opened, index_name, sizeof index_name - 1) ||
        find(folder, opened->path, opened->path_len, &opened->file))
        return false;
    if (opened->file.is_folder)
        http_opened_close(opened);
    return opened->file.source;
}

/* Finds a file, or a redirect. LEAT_ERR_NOT_FOUND: neither. */
static enum leat_err look_up(const struct leat_http_folder *folder,
                             const struct http_request *request, struct http_opened *opened,
                             struct http_found *found)
{
    enum leat_err err;

    /* redirects come before files, as http_folder.h says: a file can move before it is deleted */
    for (unsigned i = 0; i < folder->config.redirect_count; i++) {
        if (redirects(&folder->config.redirects[i], request, found))
            return LEAT_OK;
    }
    path_start(opened, folder);
    if (!path_read(opened, request))
        return LEAT_ERR_NOT_FOUND;
    err = find(folder, opened->path, opened->path_len, &opened->file);
    if (err) {
        opened->file.source = NULL;
        return err;
    }
    if (opened->file.is_folder)
        return enter_folder(folder, request, opened, found) ? LEAT_OK : LEAT_ERR_NOT_FOUND;
    if (request->path[request->path_len - 1] != '/')
        return LEAT_OK;
    http_opened_close(opened); /* it has no entries */
    return LEAT_ERR_NOT_FOUND;
}

/* Sets the page that says that there is nothing, if there is one. */
static void find_page(const struct leat_http_folder *folder, struct http_opened *opened,
                      struct http_found *found)
{
    const char *name = folder->config.not_found;

    path_start(opened, folder);
    if (!path_add(opened, name, http_length(name, LEAT_FILE_PATH_BYTES)) ||
        find(folder, opened->path, opened->path_len, &opened->file))
        opened->file.source = NULL;
    else if (opened->file.is_folder)
        http_opened_close(opened);
    if (!opened->file.source)
        return;
    set_content(found, &opened->file);
    found->content.type = leat_http_type(opened->path, opened->path_len);
}

static void find_all(const struct leat_http_folder *folder, const struct http_asked *asked,
                     struct http_opened *opened, struct http_found *found)
{
    const struct http_request *request = asked->request;
    enum leat_http_login_answer answer;
    enum leat_err err;

    http_opened_close(opened);
    *found = (struct http_found){.status = HTTP_OK};
    /* First of all: a client without a password must not learn which files exist. */
    answer = http_folder_judge(folder, asked, &found->retry_s);
    if (answer != LEAT_HTTP_LOGIN_ALLOWED) {
        found->status = answer == LEAT_HTTP_LOGIN_LATER ? HTTP_UNAVAILABLE : HTTP_UNAUTHORIZED;
        found->realm = folder->config.realm;
        return;
    }
    err = look_up(folder, request, opened, found);
    if (!err && found->target.to) {
        if (!http_target_fits(&found->target, request))
            *found = (struct http_found){.status = HTTP_URI_TOO_LONG};
        return;
    }
    if (err == LEAT_ERR_NOT_FOUND || err == LEAT_ERR_TOO_BIG) {
        found->status = HTTP_NOT_FOUND;
        find_page(folder, opened, found);
    } else if (err) {
        /* such as a source that can't be read: the file may exist */
        found->status = HTTP_SERVER_ERROR;
    } else {
        /* the type is that of the file's own name, also if a twin is sent in its place */
        found->content.type = leat_http_type(opened->path, opened->path_len);
        if (!http_type_is_dense(opened->path, opened->path_len))
            choose_twin(folder, request->words, opened, found);
        set_content(found, &opened->file);
    }
}

/* ---- Open ------------------------------------------------------------------------------------ */

/* True for a redirect that can be sent: Location has no line breaks, and begins as it must. */
static bool is_redirect(const struct leat_http_redirect *redirect)
{
    const unsigned status = redirect->status;
    const size_t len = http_length(redirect->to, HTTP_REDIRECT_BYTES);
    bool good = redirect->from[0] == '/' && len > 0 && len <= HTTP_REDIRECT_BYTES &&
                http_length(redirect->from, HTTP_PATH_BYTES) <= HTTP_PATH_BYTES;

    /* the target goes into Location as it is */
    for (size_t i = 0; i < len; i++)
        good &= redirect->to[i] > ' ' && redirect->to[i] != 0x7f;
    return good &&
           (status == 0 || (status >= 301 && status <= 303) || status == 307 || status == 308);
}

/* True for a path in the normal form of files.h. */
static bool is_root(const char *root)
{
    const size_t len = http_length(root, HTTP_ROOT_BYTES);
    bool good = len <= HTTP_ROOT_BYTES && root[0] != '/' && (len == 0 || root[len - 1] != '/');

    for (size_t i = 0; i + 1 < len; i++)
        good &= root[i] != '/' || (root[i + 1] != '/' && root[i + 1] != '.');
    return good && root[0] != '.';
}

static bool is_realm(const char *realm)
{
    bool good = http_length(realm, HTTP_REALM_BYTES) <= HTTP_REALM_BYTES;

    /* a quote or a backslash would end the quoted string in WWW-Authenticate, or change it */
    for (const char *c = realm; good && *c; c++)
        good = *c >= ' ' && *c != 0x7f && *c != '"' && *c != '\\';
    return good;
}

enum leat_err leat_http_folder_open(struct leat_http_folder *folder,
                                    const struct leat_http_folder_config *config)
{
    static const struct leat_http_folder_find finder = {find_all};
    bool good = config->files && !LEAT_RESERVED_IS_USED(config);

    *folder = (struct leat_http_folder){.config = *config, .find = &finder};
    if (!config->root)
        folder->config.root = "";
    if (!config->not_found)
        folder->config.not_found = "404.html";
    if (!config->realm)
        folder->config.realm = "files";
    for (unsigned i = 0; i < config->redirect_count; i++)
        good = good && is_redirect(&config->redirects[i]);
    return good && is_root(folder->config.root) && is_realm(folder->config.realm)
               ? LEAT_OK
               : LEAT_ERR_ARGUMENT;
}
