/* SPDX-License-Identifier: ISC */

/*
 * The options of a call, as any client may send them. The input is a program: its first byte says
 * whose options they are, and then each option is a key, a type and a value. So whatever it says
 * is a message that the bus would deliver.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/utf8.h"
#include "bus/options.h"
#include "fuzz.h"

#define OPTIONS_MAX 40
#define DEPTH_MAX   6
#define TYPE_MAX    128

typedef struct Known {
        const char *key, *type;
} Known;

static const Known create_options[] = {
        {"Memory", "t"}, {"CPUs", "au"},       {"AddName", "b"},     {"Arguments", "as"},
        {"Start", "b"},  {"Nets", "a(sssbb)"}, {"Blocks", "a(ssu)"},
};
/* The same call has these; apart from the others, whose seeds count on their number. */
static const Known life_options[] = {{"Restart", "b"}, {"RestartCodes", "au"}, {"Startup", "u"}};
static const Known console_options[] = {
        {"Follow", "b"}, {"Lines", "t"}, {"Since", "t"}, {"Until", "t"}, {"LastRun", "b"},
};

/* The same again, for what is left after a break. */
static const Known rest_options[] = {{"After", "s"},
                                     {"Follow", "b"},
                                     {"Lines", "t"},
                                     {"LastRun", "b"}};

static const Known set_policy_options[] = {
        {"Unikernels", "u"}, {"Memory", "t"},   {"CPUs", "au"},
        {"Block", "t"},      {"Bridges", "as"}, {"Owners", "as"},
};
static const Known remove_policy_options[] = {{"Recursive", "b"}};

/* Those of block devices, in the order of BlockCall. */
static const Known create_block_options[] = {{"Content", "h"}, {"Compression", "s"}};
static const Known block_options[] = {{"Compression", "s"}};

typedef enum BlockCall {
        CREATE_BLOCK,
        WRITE_BLOCK,
        READ_BLOCK,
        N_BLOCK_CALLS,
} BlockCall;

static void append(int r) {
        property(r >= 0, "the message can be made");
}

/* A string of up to 255 bytes as the bus carries one. */
static char *take_string(Bytes *bytes) {
        size_t size = bytes_take(bytes);
        char *text;

        size = MIN_OF(size, bytes->size);
        text = fuzz_text(bytes->data, size);
        bytes->data += size;
        bytes->size -= size;
        utf8_mend(text);
        return text;
}

static void append_string(sd_bus_message *message, const char *text) {
        int r;

        /* sd-bus takes no noncharacters of Unicode, neither from us nor from anybody. */
        r = sd_bus_message_append_basic(message, 's', text);
        append(r == -EINVAL ? sd_bus_message_append_basic(message, 's', "?") : r);
}

/* Appends one complete type to @type. */
static void choose_type(Bytes *bytes, char type[static TYPE_MAX], unsigned depth) {
        static const char basic[] = "ybnqiuxtdsog";
        uint8_t choice = bytes_take(bytes) % 18;
        size_t length = strlen(type);

        if (choice < 12 || depth == DEPTH_MAX || length > TYPE_MAX / 2) {
                type[length] = basic[choice % 12];
                return;
        }
        if (choice < 15) {
                type[length] = 'a';
                choose_type(bytes, type, depth + 1);
        } else if (choice == 15) {
                strcpy(type + length, "a{sv}");
        } else if (choice == 16) {
                type[length] = 'v';
        } else {
                type[length] = '(';
                choose_type(bytes, type, depth + 1);
                choose_type(bytes, type, depth + 1);
                strcat(type, ")");
        }
}

static void append_basic(sd_bus_message *message, Bytes *bytes, char type) {
        _cleanup_(freep) char *text = NULL;
        union {
                uint64_t number;
                double real;
                int boolean, fd;
        } value = {};

        switch (type) {
        case 's':
                text = take_string(bytes);
                append_string(message, text);
                return;
        case 'o':
                append(sd_bus_message_append_basic(message, type, "/org/albatross"));
                return;
        case 'g':
                append(sd_bus_message_append_basic(message, type, "a{sv}"));
                return;
        case 'h':
                /* The message gets a copy of it. */
                value.fd = STDERR_FILENO;
                break;
        case 'b':
                value.boolean = bytes_take(bytes) & 1;
                break;
        default:
                /* Small ones mostly: they are those that are right. */
                value.number = bytes_take16(bytes);
                if (value.number & 0x8000)
                        value.number = (value.number & 0x7fff) << bytes_take(bytes) % 50;
        }
        append(sd_bus_message_append_basic(message, type, &value));
}

static size_t type_length(const char *type) {
        const char *here = type;
        unsigned depth = 0;

        do {
                while (*here == 'a')
                        here++;
                if (*here == '(' || *here == '{')
                        depth++;
                else if (*here == ')' || *here == '}')
                        depth--;
                here++;
        } while (depth > 0);
        return (size_t) (here - type);
}

static void append_value(sd_bus_message *message, Bytes *bytes, const char *type, unsigned depth);

/* What is between the brackets of a container: @type to its @end. */
static void append_values(sd_bus_message *message,
                          Bytes *bytes,
                          const char *type,
                          const char *end,
                          unsigned depth) {
        while (type < end) {
                append_value(message, bytes, type, depth);
                type += type_length(type);
        }
}

static void append_container(sd_bus_message *message,
                             Bytes *bytes,
                             char kind,
                             const char *type,
                             unsigned depth) {
        size_t length = strlen(type);
        unsigned n = kind == 'a' ? bytes_take(bytes) % 8 : 1;

        append(sd_bus_message_open_container(message, kind, type));
        while (n-- > 0 && (kind != 'a' || bytes->size > 0))
                append_values(message, bytes, type, type + length, depth + 1);
        append(sd_bus_message_close_container(message));
}

/* Of the one complete type that @type begins with. */
static void append_value(sd_bus_message *message, Bytes *bytes, const char *type, unsigned depth) {
        size_t length = type_length(type);
        char inside[2 * TYPE_MAX] = {};

        if (*type == 'a') {
                memcpy(inside, type + 1, length - 1);
                append_container(message, bytes, 'a', inside, depth);
        } else if (*type == '(' || *type == '{') {
                memcpy(inside, type + 1, length - 2);
                append_container(message, bytes, *type == '(' ? 'r' : 'e', inside, depth);
        } else if (*type == 'v') {
                if (depth < DEPTH_MAX)
                        choose_type(bytes, inside, depth);
                else
                        inside[0] = 'y';
                append_container(message, bytes, 'v', inside, depth);
        } else
                append_basic(message, bytes, *type);
}

/* Whether it is one that is known and of the type that it must have. */
static bool append_option(sd_bus_message *message, Bytes *bytes, const Known *known, size_t n) {
        uint8_t choice = bytes_take(bytes);
        const Known *option = known ? &known[choice % n] : NULL;
        _cleanup_(freep) char *key = NULL;
        char type[TYPE_MAX] = {};
        bool is_known = option && choice < 0xc0;
        bool is_right;

        key = is_known ? strdup(option->key) : take_string(bytes);
        for (size_t i = 0; i < n && !is_known; i++)
                if (strcmp(known[i].key, key) == 0) {
                        option = &known[i];
                        is_known = true;
                }
        is_right = is_known && choice % 16 < 12;
        if (is_right)
                strcpy(type, option->type);
        else
                choose_type(bytes, type, 0);
        is_right = is_known && strcmp(type, option->type) == 0;

        append(sd_bus_message_open_container(message, 'e', "sv"));
        append_string(message, key);
        append(sd_bus_message_open_container(message, 'v', type));
        append_value(message, bytes, type, 0);
        append(sd_bus_message_close_container(message));
        append(sd_bus_message_close_container(message));
        return is_right;
}

static sd_bus_message *new_message(void) {
        sd_bus_message *message = NULL;
        static sd_bus *bus;

        /* A bus that nobody is at the other end of: a message needs one. */
        if (!bus) {
                int sockets[2];

                append(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets));
                append(sd_bus_new(&bus));
                append(sd_bus_set_fd(bus, sockets[0], sockets[0]));
                append(sd_bus_start(bus));
        }
        append(sd_bus_message_new_method_call(bus, &message, "org.albatross", "/org/albatross",
                                              "org.albatross.Manager", "Fuzz"));
        return message;
}

static int read_create(sd_bus_message *message, Fault *fault) {
        CreateOrder order = {};
        int r;

        r = options_read_create(message, &order, fault);
        property(order.change.values.arguments.size <= CONFIG_ARGUMENTS_MAX + 1U + 256U,
                 "no more arguments are kept than there may be");
        property(order.change.values.devices.n_nets + order.change.values.devices.n_blocks <=
                         DEVICES_MAX,
                 "no more devices are kept than there may be");
        config_clear(&order.change.values);
        return r;
}

static int read_policy(sd_bus_message *message, bool removes, Fault *fault) {
        PolicyOrder order = {};
        int r;

        r = removes ? options_read_remove_policy(message, &order, fault)
                    : options_read_set_policy(message, &order, fault);
        property(order.change.values.bridges.n <= POLICY_BRIDGES_MAX + 1U,
                 "no more bridges are kept than there may be");
        property(order.owners.size <= POLICY_OWNERS_MAX * (OWNER_NAME_MAX + 1U),
                 "no more owners are kept than there may be");
        policy_order_clear(&order);
        return r;
}

static int read_block(sd_bus_message *message, BlockCall call, Fault *fault) {
        BlockCreateOrder create = {};
        BlockWriteOrder write = {};
        BlockReadOrder read = {};
        int r;

        switch (call) {
        case CREATE_BLOCK:
                r = options_read_block_create(message, &create, fault);
                property(create.source.fd == -1 || fcntl(create.source.fd, F_GETFD) >= 0,
                         "there is a descriptor, or none");
                return r;
        case WRITE_BLOCK:
                return options_read_block_write(message, &write, fault);
        case READ_BLOCK:
                r = options_read_block_read(message, &read, fault);
                property(read.compression <= BLOCK_COMPRESSION_GZIP, "the compression is known");
                return r;
        case N_BLOCK_CALLS:
                break;
        }
        return -EINVAL;
}

static int read_options(sd_bus_message *message, uint8_t kind, Fault *fault) {
        ConsoleOrder order;
        int r;

        switch (kind) {
        case 0:
                return read_create(message, fault);
        case 1:
                r = options_read_console(message, &order, fault);
                property(r < 0 || order.after[0] == '\0' ||
                                 (cursor_is_sane(order.after) && order.n_lines == UINT64_MAX),
                         "a place is one in the journal, and all that is behind it is asked for");
                return r;
        case 3:
                return read_policy(message, false, fault);
        case 4:
                return read_policy(message, true, fault);
        default:
                return options_read_none(message, fault);
        }
}

bool fuzz_input(const uint8_t *data, size_t size) {
        static const Known *const known[] = {
                create_options,       console_options,       NULL,
                set_policy_options,   remove_policy_options, life_options,
                create_block_options, block_options,         block_options,
                rest_options};
        static const size_t n_known[] = {N_ELEMENTS(create_options),
                                         N_ELEMENTS(console_options),
                                         0,
                                         N_ELEMENTS(set_policy_options),
                                         N_ELEMENTS(remove_policy_options),
                                         N_ELEMENTS(life_options),
                                         N_ELEMENTS(create_block_options),
                                         N_ELEMENTS(block_options),
                                         N_ELEMENTS(block_options),
                                         N_ELEMENTS(rest_options)};
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = new_message();
        Bytes bytes = {data, size};
        uint8_t first = bytes_take(&bytes), kind = first % 5;
        bool is_block = kind == 2 && first >= 0x80;
        BlockCall call = first / 5 % N_BLOCK_CALLS;
        size_t list = is_block                     ? 6 + call
                      : kind == 0 && first >= 0x80 ? 5
                      : kind == 1 && first >= 0x80 ? 9
                                                   : kind;
        bool is_right = true;
        Fault fault = {};
        int r;

        append(sd_bus_message_open_container(message, 'a', "{sv}"));
        for (size_t i = 0; i < OPTIONS_MAX && bytes.size > 0; i++)
                is_right = append_option(message, &bytes, known[list], n_known[list]) && is_right;
        append(sd_bus_message_close_container(message));
        append(sd_bus_message_seal(message, 1, 0));
        append(sd_bus_message_rewind(message, true));

        r = is_block ? read_block(message, call, &fault) : read_options(message, kind, &fault);
        if (r >= 0) {
                property(is_right, "an option that is not known, or of another type, is refused");
                property(sd_bus_message_at_end(message, true) > 0, "options are read to their end");
                return true;
        }
        property_refusal(r, &fault);
        return false;
}
