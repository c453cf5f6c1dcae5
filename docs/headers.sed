# What Doxygen reads of a header: its opening comment, "name.h -- what it is.", opens its page.
# No line is added or taken, so that a warning names the right one.
1s|^/\* \([a-z0-9_]*\.h\) -- \(.*\)|/** @file \1\n@brief \2|
1s|\n| |
1s|^/\*$|/** @file|
2s|^ \* [a-z0-9_]*\.h -- | * @brief |
