/* SPDX-License-Identifier: ISC */

#include "ctl/append.h"

/* Opens the entry @key with @array as the type of its value, and that one. */
static int open_list(sd_bus_message *message,
                     const char *key,
                     const char *array,
                     const char *type) {
        int r;

        r = sd_bus_message_open_container(message, SD_BUS_TYPE_DICT_ENTRY, "sv");
        if (r >= 0)
                r = sd_bus_message_append(message, "s", key);
        if (r >= 0)
                r = sd_bus_message_open_container(message, SD_BUS_TYPE_VARIANT, array);
        return r < 0 ? r : sd_bus_message_open_container(message, SD_BUS_TYPE_ARRAY, type);
}

static int close_list(sd_bus_message *message) {
        int r = 0;

        for (unsigned level = 0; r >= 0 && level < 3; level++)
                r = sd_bus_message_close_container(message);
        return r;
}

int append_cpus(sd_bus_message *message, const Cpus *cpus) {
        uint32_t ids[CPUS_MAX];
        size_t n_ids = cpus_to_ids(cpus, ids);
        int r;

        r = open_list(message, "CPUs", "au", "u");
        for (size_t i = 0; r >= 0 && i < n_ids; i++)
                r = sd_bus_message_append(message, "u", ids[i]);
        return r < 0 ? r : close_list(message);
}

int append_words(sd_bus_message *message, const char *key, char **words) {
        int r;

        r = open_list(message, key, "as", "s");
        for (size_t i = 0; r >= 0 && words[i]; i++)
                r = sd_bus_message_append(message, "s", words[i]);
        return r < 0 ? r : close_list(message);
}

int append_strings(sd_bus_message *message, const char *key, const Strings *strings) {
        int r;

        r = open_list(message, key, "as", "s");
        for (const char *text = NULL; r >= 0 && (text = strings_next(strings, text));)
                r = sd_bus_message_append(message, "s", text);
        return r < 0 ? r : close_list(message);
}

int append_bridges(sd_bus_message *message, const Bridges *bridges) {
        int r;

        r = open_list(message, "Bridges", "as", "s");
        for (size_t i = 0; r >= 0 && i < bridges->n; i++)
                r = sd_bus_message_append(message, "s", bridges->names[i].text);
        return r < 0 ? r : close_list(message);
}

static int append_net(sd_bus_message *message, const Net *net) {
        char mac[MAC_TEXT_SIZE] = "";

        if (mac_is_given(&net->mac))
                mac_format(&net->mac, mac);
        return sd_bus_message_append(message, "(sssbb)", net->guest, net->bridge.text, mac,
                                     (int) net->isolated, (int) net->unlocked);
}

int append_nets(sd_bus_message *message, const Devices *devices) {
        int r;

        r = open_list(message, "Nets", "a(sssbb)", "(sssbb)");
        for (size_t i = 0; r >= 0 && i < devices->n_nets; i++)
                r = append_net(message, &devices->nets[i]);
        return r < 0 ? r : close_list(message);
}

int append_blocks(sd_bus_message *message, const Devices *devices) {
        int r;

        r = open_list(message, "Blocks", "a(ssu)", "(ssu)");
        for (size_t i = 0; r >= 0 && i < devices->n_blocks; i++)
                r = sd_bus_message_append(message, "(ssu)", devices->blocks[i].guest,
                                          devices->blocks[i].device,
                                          devices->blocks[i].sector_size);
        return r < 0 ? r : close_list(message);
}

int append_restart(sd_bus_message *message, const RestartRule *rule) {
        uint32_t codes[EXIT_CODES_MAX];
        size_t n_codes = exit_codes_to_numbers(&rule->codes, codes);
        int r;

        r = sd_bus_message_append(message, "{sv}", "Restart", "b", (int) rule->restarts);
        if (r >= 0)
                r = open_list(message, "RestartCodes", "au", "u");
        for (size_t i = 0; r >= 0 && i < n_codes; i++)
                r = sd_bus_message_append(message, "u", codes[i]);
        return r < 0 ? r : close_list(message);
}
