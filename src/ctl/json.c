/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "ctl/escape.h"
#include "ctl/json.h"

static int value_read(json_t **ret, sd_bus_message *message);

/* Takes over @value, also when it fails. */
static int array_append(json_t *array, json_t *value) {
        return json_array_append_new(array, value) < 0 ? -ENOMEM : 0;
}

static int bytes_read(json_t **ret, sd_bus_message *message) {
        _cleanup_(freep) char *text = NULL;
        const uint8_t *bytes;
        const void *data;
        size_t size;
        int r;

        r = sd_bus_message_read_array(message, 'y', &data, &size);
        if (r < 0)
                return r;
        text = calloc(size, 2);
        if (!text && size > 0)
                return -ENOMEM;
        bytes = data;
        for (size_t i = 0; i < size; i++) {
                text[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
                text[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
        }

        *ret = json_stringn(text ? text : "", 2 * size);
        return *ret ? 0 : -ENOMEM;
}

/* Both dictionaries that there are on the bus: of variants, or of numbers. */
static int entry_read(json_t *object, sd_bus_message *message, const char *types) {
        const char *key, *contents;
        json_t *value;
        int r;

        r = sd_bus_message_read_basic(message, 's', &key);
        if (r < 0)
                return r;
        if (types[1] == 'v') {
                r = sd_bus_message_peek_type(message, NULL, &contents);
                if (r >= 0)
                        r = sd_bus_message_enter_container(message, SD_BUS_TYPE_VARIANT, contents);
                if (r < 0)
                        return r;
        }
        r = value_read(&value, message);
        if (r < 0)
                return r;
        if (json_object_set_new(object, key, value) < 0)
                return -ENOMEM;
        return types[1] == 'v' ? sd_bus_message_exit_container(message) : 0;
}

static int dictionary_read(json_t **ret, sd_bus_message *message, const char *types) {
        _cleanup_(json_decrefp) json_t *object = json_object();
        const char contents[] = {'{', types[0], types[1], '}', '\0'};
        int r;

        if (!object)
                return -ENOMEM;
        r = sd_bus_message_enter_container(message, SD_BUS_TYPE_ARRAY, contents);
        while (r >= 0 &&
               (r = sd_bus_message_enter_container(message, SD_BUS_TYPE_DICT_ENTRY, types)) > 0) {
                r = entry_read(object, message, types);
                if (r >= 0)
                        r = sd_bus_message_exit_container(message);
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(message);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(object);
        return 0;
}

int json_from_dictionary(json_t **ret, sd_bus_message *message) {
        return dictionary_read(ret, message, "sv");
}

/* An array, or a structure, whose members are of any type. */
static int container_read(json_t **ret, sd_bus_message *message, char type, const char *contents) {
        _cleanup_(json_decrefp) json_t *array = NULL;
        int r;

        array = json_array();
        if (!array)
                return -ENOMEM;
        r = sd_bus_message_enter_container(message, type, contents);
        if (r < 0)
                return r;
        for (;;) {
                json_t *value;

                r = sd_bus_message_at_end(message, false);
                if (r < 0)
                        return r;
                if (r > 0)
                        break;
                r = value_read(&value, message);
                if (r < 0)
                        return r;
                r = array_append(array, value);
                if (r < 0)
                        return r;
        }
        r = sd_bus_message_exit_container(message);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(array);
        return 0;
}

static int basic_read(json_t **ret, sd_bus_message *message, char type) {
        union {
                uint8_t y;
                uint16_t q;
                int16_t n;
                int b;
                int32_t i;
                uint32_t u;
                int64_t x;
                uint64_t t;
                double d;
                const char *s;
        } value;
        int r;

        if (!strchr("ybnqiuxtdsog", type))
                return -EBADMSG;
        r = sd_bus_message_read_basic(message, type, &value);
        if (r < 0)
                return r;

        if (type == 's' || type == 'o' || type == 'g')
                *ret = json_string(value.s);
        else if (type == 'b')
                *ret = json_boolean(value.b);
        else if (type == 'd')
                *ret = json_real(value.d);
        else
                *ret = json_integer(type == 'y'   ? value.y
                                    : type == 'q' ? value.q
                                    : type == 'n' ? value.n
                                    : type == 'i' ? value.i
                                    : type == 'u' ? value.u
                                    : type == 'x' ? value.x
                                                  : (json_int_t) MIN_OF(value.t, INT64_MAX));
        return *ret ? 0 : -ENOMEM;
}

static int value_read(json_t **ret, sd_bus_message *message) {
        const char *contents;
        char type;
        int r;

        r = sd_bus_message_peek_type(message, &type, &contents);
        if (r < 0)
                return r;
        if (r == 0)
                return -EBADMSG;
        if (type == SD_BUS_TYPE_ARRAY && strcmp(contents, "y") == 0)
                return bytes_read(ret, message);
        if (type == SD_BUS_TYPE_ARRAY && strcmp(contents, "{sv}") == 0)
                return json_from_dictionary(ret, message);
        if (type == SD_BUS_TYPE_ARRAY && strcmp(contents, "{st}") == 0)
                return dictionary_read(ret, message, "st");
        if (type == SD_BUS_TYPE_ARRAY || type == SD_BUS_TYPE_STRUCT)
                return container_read(ret, message, type, contents);
        return basic_read(ret, message, type);
}

/* 0 at the end. */
static int named_read(json_t *array, sd_bus_message *message, const char *key) {
        _cleanup_(json_decrefp) json_t *object = NULL, *values = NULL;
        const char *name;
        int r;

        r = sd_bus_message_enter_container(message, SD_BUS_TYPE_STRUCT, "sa{sv}");
        if (r <= 0)
                return r;
        r = sd_bus_message_read_basic(message, 's', &name);
        if (r >= 0)
                r = json_from_dictionary(&values, message);
        if (r >= 0)
                r = sd_bus_message_exit_container(message);
        if (r < 0)
                return r;
        object = json_pack("{s:s}", key, name);
        if (!object || json_object_update(object, values) < 0 ||
            json_array_append(array, object) < 0)
                return -ENOMEM;
        return 1;
}

int json_from_entries(json_t **ret, sd_bus_message *message, const char *key) {
        _cleanup_(json_decrefp) json_t *array = json_array();
        int r;

        if (!array)
                return -ENOMEM;
        r = sd_bus_message_enter_container(message, SD_BUS_TYPE_ARRAY, "(sa{sv})");
        while (r > 0)
                r = named_read(array, message, key);
        if (r >= 0)
                r = sd_bus_message_exit_container(message);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(array);
        return 0;
}

json_t *json_from_numbers(const uint32_t *numbers, size_t n_numbers) {
        json_t *array = json_array();

        for (size_t i = 0; array && i < n_numbers; i++)
                if (array_append(array, json_integer(numbers[i])) < 0) {
                        json_decref(array);
                        return NULL;
                }
        return array;
}

json_t *json_from_bytes(const char *data, size_t size) {
        json_t *array;

        if (escape_is_utf8(data, size))
                return json_stringn(data, size);

        array = json_array();
        for (size_t i = 0; array && i < size; i++)
                if (array_append(array, json_integer((unsigned char) data[i])) < 0) {
                        json_decref(array);
                        return NULL;
                }
        return array;
}

int json_print(FILE *out, const json_t *json, JsonMode mode) {
        _cleanup_(freep) char *text = NULL;

        text = json_dumps(json, JSON_ENSURE_ASCII | JSON_ENCODE_ANY |
                                        (mode == JSON_PRETTY_MODE ? JSON_INDENT(2) : JSON_COMPACT));
        if (!text)
                return -ENOMEM;

        /* DEL is the one ASCII control character that JSON lets stand; it can be in strings only.
         */
        for (const char *rest = text;;) {
                size_t length = strcspn(rest, "\x7f");

                fwrite(rest, 1, length, out);
                rest += length;
                if (!*rest)
                        break;
                fputs("\\u007f", out);
                rest++;
        }
        putc('\n', out);
        return 0;
}

int json_print_entry(FILE *out, const ExportEntry *entry) {
        _cleanup_(json_decrefp) json_t *object = NULL;

        object = json_object();
        if (!object)
                return -ENOMEM;
        for (size_t i = 0; i < entry->n_fields; i++) {
                const ExportField *field = &entry->fields[i];
                _cleanup_(freep) char *name = strndup(field->name, field->name_size);

                /* Field names are checked by the journal; one that is no UTF-8 is not worth
                 * failing for. */
                if (!name)
                        return -ENOMEM;
                if (!escape_is_utf8(name, strlen(name)))
                        continue;
                if (json_object_set_new(object, name,
                                        json_from_bytes(field->value, field->value_size)) < 0)
                        return -ENOMEM;
        }
        return json_print(out, object, JSON_SHORT_MODE);
}
