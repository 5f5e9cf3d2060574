/* SPDX-License-Identifier: ISC */

/*
 * A host on its network "service": answers ARP and ping at --ip=A.B.C.D[/N], where N does not
 * matter as every other host is taken for a neighbour, and says who asked. --ping=IP asks another
 * one itself, --count=N times, for --wait=SECONDS (3) at most, and says whether that answered; with
 * --once it ends then, with status 0 if so. --forge=MAC is what it sends as, whatever it was given.
 */

#include "guest.h"

#define CALL_READ  0
#define CALL_WRITE 1

#define NSEC_PER_SEC 1000000000ULL
#define RETRY_NSEC   (NSEC_PER_SEC / 5)
#define FRAME_MAX    65536U

#define ETHERNET_IP   0x0800U
#define ETHERNET_ARP  0x0806U
#define ARP_REQUEST   1U
#define ARP_REPLY     2U
#define PROTOCOL_ICMP 1U
#define ICMP_REPLY    0U
#define ICMP_REQUEST  8U

/* Numbers on the wire are big-endian, as are Ip and what is compared with it. */
typedef uint32_t Ip;
typedef struct Mac {
        uint8_t bytes[6];
} Mac;

typedef struct __attribute__((__packed__)) Arp {
        uint16_t hardware, protocol;
        uint8_t hardware_size, protocol_size;
        uint16_t operation;
        Mac from_mac;
        Ip from;
        Mac to_mac;
        Ip to;
} Arp;

typedef struct __attribute__((__packed__)) Packet {
        uint8_t version, service;
        uint16_t length, id, fragment;
        uint8_t hops, protocol;
        uint16_t checksum;
        Ip from, to;
} Packet;

typedef struct __attribute__((__packed__)) Icmp {
        uint8_t type, code;
        uint16_t checksum, id, sequence;
        uint8_t payload[FRAME_MAX];
} Icmp;

typedef struct __attribute__((__packed__)) Frame {
        Mac to, from;
        uint16_t type;
        union {
                Arp arp;
                struct __attribute__((__packed__)) {
                        Packet ip;
                        Icmp icmp;
                };
        };
} Frame;

#define HEADER_SIZE 14U
#define PING_SIZE   (HEADER_SIZE + sizeof(Packet) + 8U + 56U)

static const Mac broadcast = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

/* What is asked of a neighbour. */
typedef struct Ping {
        Ip peer;
        Mac peer_mac;
        bool resolved, once;
        uint64_t count, wait_sec, n_sent, n_answered;
        uint64_t sent_nsec, total_nsec, end_nsec;
} Ping;

typedef struct Host {
        Mac mac;
        Ip ip;
        /* Who asked last. */
        Mac asker_mac;
        Ip asker;
        Ping ping; /* peer is 0 when there is nothing to ask any more */
} Host;

static uint16_t swap(uint16_t number) {
        return __builtin_bswap16(number);
}

/* What makes the sum of these bytes come out as zero, once it is among them. */
static uint16_t checksum(const void *bytes, size_t size) {
        const uint8_t *byte = bytes;
        uint64_t sum = 0;

        for (size_t i = 0; i < size; i++)
                sum += i % 2 ? (uint64_t) byte[i] << 8 : byte[i];
        while (sum >> 16)
                sum = (sum & 0xffff) + (sum >> 16);
        return (uint16_t) ~sum;
}

static bool same_mac(const Mac *a, const Mac *b) {
        for (size_t i = 0; i < sizeof(a->bytes); i++)
                if (a->bytes[i] != b->bytes[i])
                        return false;
        return true;
}

static void print_ip(Ip ip) {
        for (unsigned i = 0; i < 4; i++) {
                guest_print_number(ip >> (8 * i) & 0xff);
                guest_print(i < 3 ? "." : "");
        }
}

static void print_mac(const Mac *mac) {
        for (size_t i = 0; i < sizeof(mac->bytes); i++) {
                guest_print_hex(mac->bytes[i], 2);
                guest_print(i < 5 ? ":" : "");
        }
}

/* A frame that does not go out is lost, as on any network. */
static void send(const Host *host, Frame *frame, const Mac *to, size_t size) {
        frame->to = *to;
        frame->from = host->mac;
        guest_call(CALL_WRITE, guest_device()->fd, (long) frame, (long) size, 0);
}

static void note_asker(Host *host, Ip ip, const Mac *mac) {
        if (ip == host->asker && same_mac(mac, &host->asker_mac))
                return;
        host->asker = ip;
        host->asker_mac = *mac;
        guest_print("Asked by ");
        print_ip(ip);
        guest_print(" as ");
        print_mac(mac);
        guest_print("\n");
}

/* --- asking */

static void send_arp_request(const Host *host, Frame *frame) {
        frame->type = swap(ETHERNET_ARP);
        frame->arp = (Arp){
                .hardware = swap(1),
                .protocol = swap(ETHERNET_IP),
                .hardware_size = sizeof(Mac),
                .protocol_size = sizeof(Ip),
                .operation = swap(ARP_REQUEST),
                .from_mac = host->mac,
                .from = host->ip,
                .to = host->ping.peer,
        };
        send(host, frame, &broadcast, HEADER_SIZE + sizeof(Arp));
}

static void send_ping(Host *host, Frame *frame) {
        Ping *ping = &host->ping;

        frame->type = swap(ETHERNET_IP);
        frame->ip = (Packet){
                .version = 0x45,
                .length = swap(PING_SIZE - HEADER_SIZE),
                .hops = 64,
                .protocol = PROTOCOL_ICMP,
                .from = host->ip,
                .to = ping->peer,
        };
        frame->ip.checksum = checksum(&frame->ip, sizeof(frame->ip));
        frame->icmp.type = ICMP_REQUEST;
        frame->icmp.code = 0;
        frame->icmp.checksum = 0;
        frame->icmp.id = swap(1);
        frame->icmp.sequence = (uint16_t) ++ping->n_sent;
        for (size_t i = 0; i < 56; i++)
                frame->icmp.payload[i] = (uint8_t) i;
        frame->icmp.checksum = checksum(&frame->icmp, 64);
        send(host, frame, &ping->peer_mac, PING_SIZE);
}

static void ask(Host *host, Frame *frame) {
        host->ping.sent_nsec = guest_clock();
        if (host->ping.resolved)
                send_ping(host, frame);
        else
                send_arp_request(host, frame);
}

static void end_ping(Host *host) {
        Ping *ping = &host->ping;
        bool answered = ping->n_answered >= ping->count;

        print_ip(ping->peer);
        guest_print(answered ? " answers" : " does not answer");
        if (answered && ping->count > 1) {
                guest_print(", in ");
                guest_print_number(ping->total_nsec / ping->n_answered);
                guest_print(" ns");
        }
        guest_print("\n");
        ping->peer = 0;
        if (ping->once)
                guest_exit(answered ? 0 : 1);
}

/* When to wake up again for it, or 0. */
static uint64_t keep_asking(Host *host, Frame *frame) {
        Ping *ping = &host->ping;
        uint64_t now = guest_clock(), next = ping->sent_nsec + RETRY_NSEC;

        if (ping->peer == 0)
                return 0;
        if (now >= ping->end_nsec) {
                end_ping(host);
                return 0;
        }
        if (now >= next) {
                ask(host, frame);
                next = now + RETRY_NSEC;
        }
        return next < ping->end_nsec ? next : ping->end_nsec;
}

/* --- being asked and answered */

static void take_arp(Host *host, Frame *frame) {
        Arp *arp = &frame->arp;
        Ip from = arp->from;
        Mac mac = arp->from_mac;

        if (arp->protocol != swap(ETHERNET_IP) || arp->to != host->ip)
                return;
        if (arp->operation == swap(ARP_REPLY) && from == host->ping.peer && !host->ping.resolved) {
                host->ping.resolved = true;
                host->ping.peer_mac = mac;
                ask(host, frame);
                return;
        }
        if (arp->operation != swap(ARP_REQUEST))
                return;
        note_asker(host, from, &mac);
        arp->operation = swap(ARP_REPLY);
        arp->to_mac = mac;
        arp->to = from;
        arp->from_mac = host->mac;
        arp->from = host->ip;
        send(host, frame, &mac, HEADER_SIZE + sizeof(Arp));
}

static void take_ping_reply(Host *host, Frame *frame) {
        Ping *ping = &host->ping;

        if (frame->ip.from != ping->peer || frame->icmp.sequence != (uint16_t) ping->n_sent)
                return;
        ping->total_nsec += guest_clock() - ping->sent_nsec;
        if (++ping->n_answered < ping->count)
                ask(host, frame);
        else
                end_ping(host);
}

static void take_packet(Host *host, Frame *frame, size_t size) {
        size_t length = swap(frame->ip.length);
        Mac mac = frame->from;

        /* Without options, not in fragments, for us, and whole. */
        if (frame->ip.version != 0x45 || (frame->ip.fragment & swap(0x3fff)) ||
            frame->ip.to != host->ip || frame->ip.protocol != PROTOCOL_ICMP ||
            length < sizeof(Packet) + 8 || length > size - HEADER_SIZE ||
            checksum(&frame->ip, sizeof(frame->ip)) != 0 ||
            checksum(&frame->icmp, length - sizeof(Packet)) != 0)
                return;
        if (frame->icmp.type == ICMP_REPLY) {
                take_ping_reply(host, frame);
                return;
        }
        if (frame->icmp.type != ICMP_REQUEST)
                return;
        note_asker(host, frame->ip.from, &mac);
        frame->ip.to = frame->ip.from;
        frame->ip.from = host->ip;
        frame->icmp.type = ICMP_REPLY;
        frame->icmp.checksum = 0;
        frame->icmp.checksum = checksum(&frame->icmp, length - sizeof(Packet));
        send(host, frame, &mac, HEADER_SIZE + length);
}

static void drain(Host *host, Frame *frame) {
        long size;

        while ((size = guest_call(CALL_READ, guest_device()->fd, (long) frame, FRAME_MAX, 0)) > 0)
                if (frame->type == swap(ETHERNET_ARP) && (size_t) size >= HEADER_SIZE + sizeof(Arp))
                        take_arp(host, frame);
                else if (frame->type == swap(ETHERNET_IP) &&
                         (size_t) size >= HEADER_SIZE + sizeof(Packet) + 8)
                        take_packet(host, frame, (size_t) size);
}

/* --- arguments */

/* Takes a number of @base from *@text, and @separator where it is not NUL. */
static uint8_t take_byte(const char **text, const char *end, unsigned base, char separator) {
        const char *start = *text;
        unsigned byte = 0;

        for (; *text < end && byte <= 0xff; (*text)++) {
                char c = **text;

                if (c >= '0' && c <= '9')
                        byte = byte * base + (unsigned) (c - '0');
                else if (base == 16 && c >= 'a' && c <= 'f')
                        byte = byte * base + (unsigned) (c - 'a' + 10);
                else
                        break;
        }
        if (*text == start || byte > 0xff || (separator && (*text == end || **text != separator)))
                guest_fail_usage("Not an address");
        if (separator)
                (*text)++;
        return (uint8_t) byte;
}

static Ip parse_ip(const char *text, size_t length) {
        const char *end = text + length;
        Ip ip = 0;

        for (unsigned i = 0; i < 4; i++)
                ip |= (Ip) take_byte(&text, end, 10, i < 3 ? '.' : '\0') << (8 * i);
        if (text < end && *text == '/') {
                text++;
                take_byte(&text, end, 10, '\0');
        }
        if (text < end)
                guest_fail_usage("Not an address");
        return ip;
}

static Mac parse_mac(const char *text, size_t length) {
        const char *end = text + length;
        Mac mac;

        for (size_t i = 0; i < sizeof(mac.bytes); i++)
                mac.bytes[i] = take_byte(&text, end, 16, i < 5 ? ':' : '\0');
        if (text < end)
                guest_fail_usage("Not an address");
        return mac;
}

static void read_arguments(Host *host, const char *arguments) {
        const char *word, *value;
        size_t length, value_length;

        while ((word = guest_next_word(&arguments, &length)))
                if ((value = guest_option(word, length, "--ip=", &value_length)))
                        host->ip = parse_ip(value, value_length);
                else if ((value = guest_option(word, length, "--ping=", &value_length)))
                        host->ping.peer = parse_ip(value, value_length);
                else if ((value = guest_option(word, length, "--forge=", &value_length)))
                        host->mac = parse_mac(value, value_length);
                else if (guest_word_is(word, length, "--once"))
                        host->ping.once = true;
                else if (!guest_number_option(word, length, "--count=", &host->ping.count) &&
                         !guest_number_option(word, length, "--wait=", &host->ping.wait_sec))
                        guest_fail_usage("Usage: echo --ip=A.B.C.D[/N] [--forge=MAC] "
                                         "[--ping=IP [--count=N] [--wait=SECONDS] [--once]]");
        if (host->ip == 0)
                guest_fail_usage("An address is needed: --ip=A.B.C.D");
}

int guest_main(const char *arguments) {
        const Device *device = guest_device();
        static Frame frame;
        static Host host;

        for (size_t i = 0; i < sizeof(host.mac.bytes); i++)
                host.mac.bytes[i] = device->net.mac[i];
        host.ping.count = 1;
        host.ping.wait_sec = 3;
        read_arguments(&host, arguments);

        guest_print("Serving ");
        print_ip(host.ip);
        guest_print(" as ");
        print_mac(&host.mac);
        guest_print(", MTU ");
        guest_print_number(device->net.mtu);
        guest_print("\n");

        host.ping.end_nsec = guest_clock() + host.ping.wait_sec * NSEC_PER_SEC;
        for (;;) {
                drain(&host, &frame);
                guest_wait(keep_asking(&host, &frame));
        }
}
