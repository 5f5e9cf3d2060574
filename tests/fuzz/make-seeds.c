/* SPDX-License-Identifier: ISC */

/*
 * make-seeds FOLDER: writes those seeds that are made of our own structures into FOLDER, which is
 * tests/fuzz/seeds. To be run when one of the structures has changed; seeds that are text are
 * written by hand.
 */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "image/wire.h"
#include "launcher/child.h"
#include "launcher/state.h"
#include "make-seeds.h"
#include "writer/wire.h"

static const char *folder;
static uint8_t bytes[1U << 17];
static size_t n_bytes;

void seed_clear(void) {
        n_bytes = 0;
}

void seed_add(const void *data, size_t size) {
        if (size > sizeof(bytes) - n_bytes)
                abort();
        memcpy(bytes + n_bytes, data, size);
        n_bytes += size;
}

void seed_write(const char *name) {
        char path[4096];
        _cleanup_(fd_closep) int fd = -1;

        snprintf(path, sizeof(path), "%s/%s", folder, name);
        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        if (fd < 0 || file_write_all(fd, bytes, n_bytes) < 0) {
                perror(path);
                exit(1);
        }
        seed_clear();
}

static void write_request(const char *name, uint8_t n_fds, const LauncherRequest *request) {
        seed_add(&n_fds, sizeof(n_fds));
        seed_add(request, sizeof(*request));
        seed_write(name);
}

static void make_launcher_requests(void) {
        LauncherRequest request = {.version = LAUNCHER_WIRE_VERSION, .serial = 1, .uid = 61184};

        request.verb = LAUNCHER_LIST;
        write_request("launcher-request/accepted/list", 0, &request);
        write_request("launcher-request/refused/list-with-descriptor", 1, &request);
        request.verb = LAUNCHER_FORGET;
        request.child = 7;
        write_request("launcher-request/accepted/forget", 0, &request);
        request.verb = LAUNCHER_SIGNAL;
        write_request("launcher-request/refused/signal-0", 0, &request);
        request.signal = 15;
        write_request("launcher-request/accepted/signal", 0, &request);
        request.verb = LAUNCHER_PROBE;
        write_request("launcher-request/refused/probe-without-deadline", 2, &request);
        request.deadline_usec = 5000000;
        write_request("launcher-request/accepted/probe", 5, &request);
        request.verb = LAUNCHER_OPEN;
        request.cpus[0] = 3;
        write_request("launcher-request/accepted/open", 2 + LAUNCHER_PASS_MAX, &request);
        write_request("launcher-request/refused/open-without-argv", 1, &request);
        request.verb = LAUNCHER_SPAWN;
        strcpy(request.name, "alice:web");
        strcpy(request.scope, "albatross-alice:web.scope");
        write_request("launcher-request/accepted/spawn", 0, &request);
        strcpy(request.scope, "albatross.scope\nPRIORITY=0");
        write_request("launcher-request/refused/spawn-with-a-second-line", 0, &request);
        memset(request.name, 'x', sizeof(request.name));
        write_request("launcher-request/refused/spawn-with-an-endless-name", 0, &request);
        request.version++;
        write_request("launcher-request/refused/another-version", 0, &request);
}

static StateRecord tender_record(uint64_t id, LauncherState state) {
        StateRecord record = {
                .id = id,
                .kind = CHILD_TENDER,
                .state = state,
                .uid = 61184,
                .pid = 4711,
                .end_fd = state == LAUNCHER_ENDED ? -1 : 10 + (int32_t) id,
                .gate_fd = state == LAUNCHER_AT_GATE ? 30 + (int32_t) id : -1,
                .lock_fd = 7,
                .name = "alice:web",
                .scope = "albatross-alice:web.scope",
        };

        return record;
}

static void write_state(const char *name, const StateRecord *records, uint32_t n) {
        StateHeader header = {
                .magic = STATE_MAGIC,
                .version = STATE_VERSION,
                .n_records = n,
                .next_id = 10,
                .listener_fd = 3,
                .record_size = sizeof(*records),
        };

        seed_add(&header, sizeof(header));
        seed_add(records, n * sizeof(*records));
        seed_write(name);
}

static void make_launcher_states(void) {
        StateRecord records[4] = {
                tender_record(1, LAUNCHER_AT_GATE),
                tender_record(2, LAUNCHER_RUNNING),
                tender_record(3, LAUNCHER_ENDED),
                {.kind = CHILD_PROBE,
                 .state = LAUNCHER_RUNNING,
                 .uid = 61185,
                 .pid = 4712,
                 .end_fd = 8,
                 .gate_fd = -1,
                 .lock_fd = 9},
        };

        write_state("launcher-state/accepted/none", records, 0);
        write_state("launcher-state/accepted/all-kinds", records, 4);
        records[1].pid = 1;
        write_state("launcher-state/refused/init", records, 2);
        records[1] = records[0];
        write_state("launcher-state/refused/twins", records, 2);
        records[1] = tender_record(10, LAUNCHER_RUNNING);
        write_state("launcher-state/refused/number-of-the-future", records, 2);
        memset(records[0].scope, 'x', sizeof(records[0].scope));
        write_state("launcher-state/refused/endless-scope", records, 1);
}

static void add_request(uint16_t commit, const WriterRequest *request, const void *data) {
        uint16_t mark = (uint16_t) (sizeof(*request) + request->size) | commit;

        seed_add(&mark, sizeof(mark));
        seed_add(request, sizeof(*request));
        seed_add(data, request->size);
}

static void make_writer_messages(void) {
        static const char record[] = "{}";
        static const uint32_t uids[] = {0, 61184, 65519};
        const uint16_t commit = 0x8000;
        WriterRequest put = {WRITER_WIRE_VERSION, WRITER_PUT, 1, WRITER_UNIKERNELS, 2, "web", ""};
        WriterRequest temporary = {WRITER_WIRE_VERSION, WRITER_TEMPORARY, 2, 0, 0, "new", ""};
        WriterRequest publish = {
                WRITER_WIRE_VERSION, WRITER_PUBLISH, 3, WRITER_IMAGES, 0, "new", "0123"};
        WriterRequest away = {
                WRITER_WIRE_VERSION, WRITER_QUARANTINE_FILE, 4, WRITER_UNIKERNELS, 0, "web", "web"};
        WriterRequest removal = {
                WRITER_WIRE_VERSION, WRITER_REMOVE, 5, WRITER_UNIKERNELS, 0, "none", ""};
        WriterRequest ask = {WRITER_WIRE_VERSION, WRITER_FREE_UIDS, 6, 0, sizeof(uids), "", ""};
        static const WriterOwner owners[] = {{WRITER_USER, 0, 0, 0, "root"},
                                             {WRITER_GROUP, 1, 0, 0, ""}};
        WriterRequest resolve = {WRITER_WIRE_VERSION, WRITER_OWNERS, 7, 0, sizeof(owners), "", ""};

        add_request(0, &put, record);
        seed_write("writer/accepted/put");
        add_request(0, &ask, uids);
        seed_write("writer/accepted/uids");
        add_request(0, &resolve, owners);
        seed_write("writer/accepted/owners");
        add_request(commit, &temporary, NULL);
        add_request(commit, &publish, NULL);
        seed_write("writer/accepted/publish");
        add_request(commit, &put, record);
        add_request(commit, &away, NULL);
        add_request(0, &removal, NULL);
        add_request(0, &put, record);
        seed_write("writer/accepted/quarantine");

        strcpy(put.name, "../web");
        add_request(0, &put, record);
        seed_write("writer/refused/slash");
        strcpy(put.name, "..");
        add_request(0, &put, record);
        seed_write("writer/refused/dots");
        put.folder = WRITER_N_FOLDERS;
        strcpy(put.name, "web");
        add_request(0, &put, record);
        seed_write("writer/refused/folder");
        add_request(0, &publish, NULL);
        seed_write("writer/refused/publish-nothing");
        ask.size--;
        add_request(0, &ask, uids);
        seed_write("writer/refused/odd-uids");
        seed_add("\x10\0short", 7);
        seed_write("writer/refused/short");
}

static void make_writer_blocks(void) {
        static const uint64_t size = 1 << 20, inode = 1;
        static const uint32_t uid = 61184;
        const uint16_t commit = 0x8000;
        WriterRequest make = {WRITER_WIRE_VERSION, WRITER_MAKE_BLOCK, 1, 0,
                              sizeof(size),        "alice:data",      ""};
        WriterRequest temporary = {
                WRITER_WIRE_VERSION, WRITER_TEMPORARY_BLOCK, 2, 0, sizeof(size), "new", ""};
        WriterRequest replace = {
                WRITER_WIRE_VERSION, WRITER_REPLACE_BLOCK, 3, 0, sizeof(inode), "new",
                "alice:data"};
        WriterRequest grant = {WRITER_WIRE_VERSION, WRITER_GRANT_BLOCK, 4, 0,
                               sizeof(uid),         "alice:data",       ""};
        WriterRequest take_back = {
                WRITER_WIRE_VERSION, WRITER_REVOKE_BLOCK, 5, 0, 0, "alice:data", ""};

        add_request(commit, &make, &size);
        add_request(0, &take_back, NULL);
        seed_write("writer/accepted/block");
        add_request(0, &make, &size);
        add_request(commit, &temporary, &size);
        add_request(commit, &replace, &inode);
        seed_write("writer/accepted/block-replaced");

        add_request(0, &grant, &uid);
        seed_write("writer/refused/block-missing");
        make.size--;
        add_request(0, &make, &size);
        seed_write("writer/refused/block-size");
        strcpy(replace.target, "../data");
        add_request(0, &replace, &inode);
        seed_write("writer/refused/block-target");
}

static void write_report(const char *name, uint8_t kind, const void *report, size_t size) {
        seed_add(&kind, sizeof(kind));
        seed_add(report, size);
        seed_write(name);
}

static void make_reports(void) {
        InflateReport inflate = {.header.version = IMAGE_WIRE_VERSION, .format = INFLATE_GZIP};
        StoreReport store = {.header.version = IMAGE_WIRE_VERSION, .size = 42};
        NotesReport notes = {
                .header.version = IMAGE_WIRE_VERSION,
                .target = IMAGE_TARGET_SPT,
                .abi_version = 2,
                .n_devices = 2,
                .devices = {{IMAGE_DEVICE_NET, "service"}, {IMAGE_DEVICE_BLOCK, "Disk0"}}};

        write_report("report/accepted/inflate", 0, &inflate, sizeof(inflate));
        inflate.format = 3;
        write_report("report/refused/format", 0, &inflate, sizeof(inflate));
        write_report("report/accepted/store", 1, &store, sizeof(store));
        write_report("report/refused/cut", 1, &store, sizeof(store) - 1);
        store.header.error = -28;
        write_report("report/refused/disk-full", 1, &store, sizeof(store));
        store.header.error = -74;
        strcpy(store.header.reason, "The data is broken");
        write_report("report/refused/reason", 1, &store, sizeof(store));
        store.header.reason[3] = '\x1b';
        write_report("report/refused/escape", 1, &store, sizeof(store));
        write_report("report/accepted/notes", 2, &notes, sizeof(notes));
        strcpy(notes.devices[1].name, "service");
        write_report("report/refused/same-name", 2, &notes, sizeof(notes));
        memset(notes.devices[0].name, 'x', sizeof(notes.devices[0].name));
        write_report("report/refused/endless-name", 2, &notes, sizeof(notes));
        notes.n_devices = 64;
        write_report("report/refused/too-many", 2, &notes, sizeof(notes));
}

/* @window: of zlib, which also says what surrounds the data. */
static void add_deflated(const void *data, size_t size, int window) {
        uint8_t out[4096];
        z_stream stream = {.next_in = (uint8_t *) (uintptr_t) data, .avail_in = (uInt) size};

        if (deflateInit2(&stream, 9, Z_DEFLATED, window, 9, Z_DEFAULT_STRATEGY) != Z_OK)
                abort();
        stream.next_out = out;
        stream.avail_out = sizeof(out);
        if (deflate(&stream, Z_FINISH) != Z_STREAM_END)
                abort();
        seed_add(out, sizeof(out) - stream.avail_out);
        deflateEnd(&stream);
}

static void make_deflated(void) {
        static const char text[] = "No more comes out than is allowed, however it arrives.";
        static const uint8_t zeros[300000];
        static const uint8_t head[] = {6, 255};

        seed_add(head, sizeof(head));
        add_deflated(text, sizeof(text), 15);
        seed_write("inflate/accepted/zlib");
        seed_add(head, sizeof(head));
        add_deflated(text, sizeof(text), 15 + 16);
        add_deflated(text, 5, 15 + 16);
        seed_write("inflate/accepted/two-members");
        seed_add(head, sizeof(head));
        add_deflated(zeros, 200000, 15 + 16);
        seed_write("inflate/accepted/zeros");
        seed_add(head, sizeof(head));
        add_deflated(zeros, sizeof(zeros), 15);
        seed_write("inflate/refused/bomb");
        seed_add(head, sizeof(head));
        add_deflated(text, sizeof(text), 15);
        seed_add("x", 1);
        seed_write("inflate/refused/something-follows");
        seed_add(head, sizeof(head));
        add_deflated(text, sizeof(text), 15 + 16);
        n_bytes -= 3;
        seed_write("inflate/refused/cut");
}

int main(int argc, char **argv) {
        if (argc != 2)
                return 2;
        folder = argv[1];
        make_launcher_requests();
        make_launcher_states();
        make_writer_messages();
        make_writer_blocks();
        make_reports();
        make_deflated();
        make_images();
        make_network();
        make_statistics();
        return 0;
}
