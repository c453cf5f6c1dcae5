/* http_types.c -- media types by the ends of names (IANA's registry; RFC 9239 for JavaScript). */
#include <leat/http_folder.h>

#include "web/http/http_folder.h"

#define TEXT(type) type "; charset=utf-8"

struct kind {
    const char *end; /* lower case */
    const char *type;
    bool is_dense; /* it doesn't become much shorter by compression */
};

/* Sorted. */
static const struct kind kinds[] = {
    {"3gp", "video/3gpp", true},
    {"7z", "application/x-7z-compressed", true},
    {"aac", "audio/aac", true},
    {"apk", "application/vnd.android.package-archive", true},
    {"apng", "image/apng", true},
    {"asc", TEXT("text/plain"), false},
    {"atom", "application/atom+xml", false},
    {"avi", "video/x-msvideo", true},
    {"avif", "image/avif", true},
    {"bin", "application/octet-stream", false},
    {"bmp", "image/bmp", false},
    {"br", "application/octet-stream", true},
    {"bz2", "application/x-bzip2", true},
    {"c", TEXT("text/plain"), false},
    {"cbor", "application/cbor", false},
    {"conf", TEXT("text/plain"), false},
    {"crl", "application/pkix-crl", false},
    {"crt", "application/x-x509-ca-cert", false},
    {"css", TEXT("text/css"), false},
    {"csv", TEXT("text/csv"), false},
    {"deb", "application/vnd.debian.binary-package", true},
    {"der", "application/x-x509-ca-cert", false},
    {"dmg", "application/x-apple-diskimage", true},
    {"doc", "application/msword", false},
    {"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", true},
    {"eot", "application/vnd.ms-fontobject", false},
    {"eps", "application/postscript", false},
    {"epub", "application/epub+zip", true},
    {"exe", "application/octet-stream", false},
    {"flac", "audio/flac", true},
    {"flv", "video/x-flv", true},
    {"geojson", "application/geo+json", false},
    {"gif", "image/gif", true},
    {"glb", "model/gltf-binary", false},
    {"gltf", "model/gltf+json", false},
    {"gpx", "application/gpx+xml", false},
    {"gz", "application/gzip", true},
    {"h", TEXT("text/plain"), false},
    {"heic", "image/heic", true},
    {"htm", TEXT("text/html"), false},
    {"html", TEXT("text/html"), false},
    {"ico", "image/x-icon", false},
    {"ics", TEXT("text/calendar"), false},
    {"img", "application/octet-stream", false},
    {"ini", TEXT("text/plain"), false},
    {"iso", "application/octet-stream", false},
    {"jar", "application/java-archive", true},
    {"jpeg", "image/jpeg", true},
    {"jpg", "image/jpeg", true},
    {"js", TEXT("text/javascript"), false},
    {"json", "application/json", false},
    {"jsonld", "application/ld+json", false},
    {"jxl", "image/jxl", true},
    {"kml", "application/vnd.google-earth.kml+xml", false},
    {"log", TEXT("text/plain"), false},
    {"lz", "application/x-lzip", true},
    {"m3u8", "application/vnd.apple.mpegurl", false},
    {"m4a", "audio/mp4", true},
    {"m4v", "video/x-m4v", true},
    {"map", "application/json", false},
    {"md", TEXT("text/markdown"), false},
    {"mid", "audio/midi", false},
    {"mjs", TEXT("text/javascript"), false},
    {"mkv", "video/x-matroska", true},
    {"mov", "video/quicktime", true},
    {"mp3", "audio/mpeg", true},
    {"mp4", "video/mp4", true},
    {"mpd", "application/dash+xml", false},
    {"mpeg", "video/mpeg", true},
    {"mpg", "video/mpeg", true},
    {"odp", "application/vnd.oasis.opendocument.presentation", true},
    {"ods", "application/vnd.oasis.opendocument.spreadsheet", true},
    {"odt", "application/vnd.oasis.opendocument.text", true},
    {"oga", "audio/ogg", true},
    {"ogg", "audio/ogg", true},
    {"ogv", "video/ogg", true},
    {"opus", "audio/ogg", true},
    {"otf", "font/otf", false},
    {"p7c", "application/pkcs7-mime", false},
    {"pdf", "application/pdf", true},
    {"pem", "application/x-x509-ca-cert", false},
    {"png", "image/png", true},
    {"ppt", "application/vnd.ms-powerpoint", false},
    {"pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation", true},
    {"ps", "application/postscript", false},
    {"rar", "application/vnd.rar", true},
    {"rpm", "application/x-rpm", true},
    {"rss", "application/rss+xml", false},
    {"rtf", "application/rtf", false},
    {"sh", "application/x-sh", false},
    {"sig", "application/pgp-signature", false},
    {"svg", "image/svg+xml", false},
    {"svgz", "image/svg+xml", true},
    {"tar", "application/x-tar", false},
    {"tgz", "application/gzip", true},
    {"tif", "image/tiff", false},
    {"tiff", "image/tiff", false},
    {"toml", "application/toml", false},
    {"torrent", "application/x-bittorrent", true},
    {"ts", "video/mp2t", true},
    {"tsv", TEXT("text/tab-separated-values"), false},
    {"ttf", "font/ttf", false},
    {"txt", TEXT("text/plain"), false},
    {"vcf", TEXT("text/vcard"), false},
    {"vtt", TEXT("text/vtt"), false},
    {"wasm", "application/wasm", false},
    {"wav", "audio/wav", false},
    {"weba", "audio/webm", true},
    {"webm", "video/webm", true},
    {"webmanifest", "application/manifest+json", false},
    {"webp", "image/webp", true},
    {"woff", "font/woff", true},
    {"woff2", "font/woff2", true},
    {"xhtml", "application/xhtml+xml", false},
    {"xls", "application/vnd.ms-excel", false},
    {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", true},
    {"xml", "text/xml", false}, /* without a charset, the document says it (RFC 7303 8.5) */
    {"xpi", "application/x-xpinstall", true},
    {"xsl", "text/xml", false},
    {"xz", "application/x-xz", true},
    {"yaml", "application/yaml", false},
    {"yml", "application/yaml", false},
    {"zip", "application/zip", true},
    {"zst", "application/zstd", true},
};

/* Orders the end of a name, in any letter case, beside @end. */
static int compare(const char *name, size_t len, const char *end)
{
    for (size_t i = 0; i < len; i++) {
        char c = name[i];

        if (c >= 'A' && c <= 'Z')
            c = (char)(c | 0x20);
        /* at the NUL of @end the name goes on, and comes behind it, also with a NUL of its own */
        if (c != end[i] || end[i] == '\0')
            return (unsigned char)c < (unsigned char)end[i] ? -1 : 1;
    }
    /* all of the name agrees: it comes first if @end goes on */
    return end[len] ? -1 : 0;
}

static const struct kind *kind_of(const char *name, size_t len)
{
    size_t from = 0, to = sizeof kinds / sizeof *kinds;
    size_t at = len;

    /* a dot in the name of a folder begins no end */
    while (at > 0 && name[at - 1] != '.' && name[at - 1] != '/')
        at--;
    if (at == 0 || name[at - 1] != '.')
        return NULL;
    while (from < to) {
        const size_t middle = (from + to) / 2;
        const int order = compare(name + at, len - at, kinds[middle].end);

        if (order == 0)
            return &kinds[middle];
        if (order < 0)
            to = middle;
        else
            from = middle + 1;
    }
    return NULL;
}

const char *leat_http_type(const char *name, size_t len)
{
    const struct kind *kind = kind_of(name, len);

    /* RFC 9110 8.3: a recipient assumes this type for unknown data. A browser saves such a file and
     * doesn't run it. */
    return kind ? kind->type : "application/octet-stream";
}

bool http_type_is_dense(const char *name, size_t len)
{
    const struct kind *kind = kind_of(name, len);

    return kind && kind->is_dense;
}
