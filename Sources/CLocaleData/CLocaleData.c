#include <stdint.h>

// The header of ICU data, as ICU's common data format has it, and a table of contents without an entry.
struct data {
    uint16_t header_size;
    uint8_t magic[2];
    struct {
        uint16_t size, reserved;
        uint8_t is_big_endian, charset_family, char_size, also_reserved;
        uint8_t format[4], format_version[4], data_version[4];
    } info;
    uint8_t padding[8];
    uint32_t entries, end;
};

__attribute__((used, aligned(16))) const struct data icudt76_dat = {
    .header_size = 32,
    .magic = {0xDA, 0x27},
    .info = {
        .size = 20,
        .is_big_endian = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__,
        .char_size = 2,
        .format = {'T', 'o', 'C', 'P'},
        .format_version = {1},
    },
};
