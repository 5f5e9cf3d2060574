/* SPDX-License-Identifier: ISC */
#pragma once

/* What the files of this folder share, and nobody else sees. */

#include <errno.h>
#include <stdbool.h>
#include <systemd/sd-event.h>

#include "domain/claim.h"
#include "domain/policies.h"
#include "host/uid.h"
#include "manager/launcher-link.h"
#include "manager/manager.h"
#include "manager/network-link.h"
#include "manager/statistics.h"
#include "manager/unikernel.h"
#include "manager/writer-link.h"
#include "systemd/scope.h"

typedef struct PolicyJob PolicyJob;
typedef struct RunRecord RunRecord;
typedef struct Tender Tender;
typedef struct Tenders Tenders;

/* Our own programs, each opened once. */
typedef enum Program {
        PROGRAM_INFLATE,
        PROGRAM_STORE,
        PROGRAM_READ_NOTES,
        PROGRAM_BLOCK_STORE,
        PROGRAM_BLOCK_READ,
        N_PROGRAMS,
} Program;

/* How many are started, or stopped, at the same time. With each batch of scopes that it is asked
 * for, PID 1 looks at all that are in their slices: with 8 at once, a boot of 1000 took it twice
 * the time. More than this would only wait for it together, and others for them. */
#define UNIKERNELS_AT_ONCE 64U

/* Wanted, and to be started in its turn. */
typedef struct BootEntry {
        Name name;
        uint32_t startup;
} BootEntry;

struct Manager {
        sd_event *event;
        sd_bus *bus;
        ScopeWatch *scopes;
        LauncherLink *launcher;
        NetworkLink *network;
        WriterLink *writer;
        WriterLink *look_up; /* of names: NSS may take long */
        UidPool *uids;
        Tenders *tenders;
        int programs[N_PROGRAMS];
        int state_fd;     /* /var/lib/albatross/v1 */
        int run_fd;       /* /run/albatross/runs */
        void *unikernels; /* tsearch(3) trees */
        void *images;
        bool keeps_images; /* some may be those of records in quarantine */
        void *slices;
        void *macs;
        PathTree *paths; /* policies, and what is used below each path */
        Bridges bridges; /* those the host has now */
        int block_fd;    /* BlockPath= */
        void *blocks;    /* a tsearch(3) tree */
        ListLink blocks_in_use;
        uint64_t blocks_allocated_bytes; /* by the block devices that are there */
        ListLink block_transfers;        /* under way */
        ListLink uid_holds;
        uint64_t n_block_transfers;
        ListLink probes;          /* under way */
        ListLink policy_jobs;     /* changes of policies; the first one is under way */
        ListLink policy_look_ups; /* those whose owners are not known yet */
        bool runs_policy_jobs;
        int slices_fd; /* /run/albatross/slices */
        ListLink limit_changes;
        Name *limits_to_set; /* at the start; see policy-limits.c */
        size_t n_limits_to_set, next_limits;
        unsigned n_setting_limits, n_removing_limits, n_stale_limits;
        uint64_t n_intakes;
        ListLink intakes, outlets; /* of images under way; and readers, see consoles.c */
        Settings settings;
        ManagerObserver observer;
        ManagerDone ready;
        void *ready_userdata;
        bool listed;                    /* the launcher has told what it has */
        bool bridges_told;              /* albatross-network has told which there are */
        bool writes;                    /* the writer has begun */
        sd_event_source *bridges_timer; /* it takes its time */
        bool asking_uids;
        bool uids_unanswered;        /* they are not asked about before that timer */
        ListLink uid_waits;          /* for the answer */
        sd_event_source *uids_timer; /* they are asked about once more */
        uint64_t launcher_generation;
        sd_event_source *relist_timer;
        sd_event_source *undone_timer; /* while there are some */
        uint64_t undone_usec;          /* how long until it is tried again */
        sd_event_source *limits_timer; /* while PID 1 did not take some of the policies' */
        uint64_t limits_retry_usec;
        BootEntry *boot; /* to be started with the host, in this order once that has begun */
        size_t n_boot, next_boot;
        uint32_t boot_startup;  /* of those that are being started */
        bool booting;           /* it has begun */
        bool boot_is_busy;      /* with beginning some */
        unsigned n_booting;     /* begun and not answered yet */
        unsigned n_restarting;  /* the same of those that are started again by themselves */
        Statistics *statistics; /* NULL: nobody has asked yet */
};

/* --- unikernels.c: the tree of them */
int unikernels_add(Manager *manager, Unikernel *unikernel);
Unikernel *unikernels_find(Manager *manager, const char *name);
void unikernels_remove(Manager *manager, Unikernel *unikernel);
/* All, those that are being created, too; what is done with one may change the tree. The caller
 * frees *@ret. */
int unikernels_snapshot(Manager *manager, Unikernel ***ret, size_t *ret_n);
Unikernel *unikernel_new(Manager *manager, const Name *name);
Unikernel *unikernel_free(Unikernel *unikernel);
void unikernel_set_state(Unikernel *unikernel, State state);
/* @path may be NULL: none is known. */
int unikernel_set_tender(Unikernel *unikernel, const char *path, bool shows_arguments);
int unikernel_note_invocation(Unikernel *unikernel, sd_id128_t invocation);

/* --- machine.c: the policy of the root */
/* Valid until the event loop goes on; nothing in it is to be freed. */
void manager_machine_policy(const Manager *manager, Policy *ret);

/* --- reserve.c: what has to stay free on the disk of a folder, and what it did not take */
int reserve_get(const Manager *manager, int folder_fd, uint64_t *ret);
/* FAULT_NO_SPACE when nothing more may be taken in there. */
int reserve_check(const Manager *manager, int folder_fd, const char *path, Fault *fault);
/* The sentence that @format begins, which names the thing, ends with what @error is, and where
 * there is a way out a hint tells it. */
int disk_refuse(Fault *fault, int error, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/* --- claims.c: what a unikernel has of the paths above it */
/* One that is new: its place, and what it takes if it is to run. */
int unikernel_claim(Unikernel *unikernel, bool running, Fault *fault);
/* One that has a claim is to run. unikernel_set_state() gives back what it takes then. */
int unikernel_claim_run(Unikernel *unikernel, Fault *fault);
/* Its configuration was filled in: may it be so? If it is to run, it has that now. */
int unikernel_claim_again(Unikernel *unikernel, Fault *fault);
/* The CPUs that its tender is to keep to by itself; empty: whichever its scope has. */
Cpus unikernel_affinity(const Unikernel *unikernel);
/* May it be as in @config? With @runs, one that is running is restarted so: until then it has what
 * either takes, or claim_narrow() has it as it was. */
int unikernel_claim_check(Unikernel *unikernel, const Config *config, bool runs, Fault *fault);
/* One that was recorded, and one that was found running as @record says: whatever the limits say.
 */
int unikernel_claim_found(Unikernel *unikernel);
void unikernel_claim_found_running(Unikernel *unikernel, const RunRecord *record);

/* --- policies-load.c: policies on disk */
/* Reads all of them; what can't be read, or does not fit, goes to quarantine. */
int policies_load(Manager *manager);
void policy_file(const Name *path, char ret[static WRITER_NAME_MAX + 1]);

/* --- policy-text.c: what such a file says */
/* The caller owns *@ret. */
int policy_text_format(const Name *path, const Policy *policy, char **ret);
/* The inverse. -EBADMSG for what the former can't have written, and another path. */
int policy_text_parse(const Name *path, Policy *ret, const char *text, size_t size);

/* --- policies.c: changes of them, one after the other */
void policy_jobs_run(Manager *manager);
void policy_jobs_free(Manager *manager);

/* --- policy-owners.c */
/* @owners are the handler's to take. Called from the event loop, once. */
typedef void (*OwnersResolved)(void *userdata, int r, const Fault *fault, Owners *owners);
/* @asked stays the caller's, and as it is until then. */
int owners_resolve(Manager *manager,
                   const Strings *asked,
                   OwnersResolved done,
                   void *userdata,
                   Fault *fault);

/* --- policy-limits.c: what the kernel enforces of a policy */
typedef void (*LimitsChanged)(void *userdata, int error, const char *reason);
/* Sets those of the policy at @path as it is now; -ENOENT without one. */
int policy_limits_set(Manager *manager, const Name *path, LimitsChanged done, void *userdata);
int policy_limits_remove(Manager *manager, const Name *path, LimitsChanged done, void *userdata);
/* At the start: those of all policies, and no others. */
int policy_limits_begin(Manager *manager);
void policy_limits_free(Manager *manager);

/* --- host-bridges.c: which ones there are now */
int host_bridges_begin(Manager *manager);
/* FAULT_NO_SUCH_BRIDGE when one that is named is not among them. */
int host_bridges_check(const Manager *manager, const Devices *devices, Fault *fault);

/* --- macs.c: which MACs are in use on which bridge */
/* Those of its networks, running or not: all, or none and FAULT_MAC_IN_USE. */
int macs_take(Unikernel *unikernel, Fault *fault);
void macs_give_back(Unikernel *unikernel);

/* --- uid-hold.c: when the uid of a run may be another's */
typedef struct UidHold UidHold;
/* Begins with one reference. NULL without memory, which all of these take. */
UidHold *uid_hold_new(Manager *manager, const Run *run);
UidHold *uid_hold_ref(UidHold *hold);
/* What was referred to has gone, or could not be made to: @error. After the last one the launcher
 * forgets the child, and the uid is free. */
void uid_hold_drop(UidHold *hold, int error);
/* A launcher tells of an ended child: is it one whose uid is held, which is forgotten later? */
bool uid_hold_knows(Manager *manager, const LauncherReply *entry);

/* --- taps.c */
int run_set_taps(Run *run, const TapName *taps, size_t n_taps, bool persist);
/* Those that persist; one that has gone already does no harm. @hold is referred to until then. */
void taps_remove(Manager *manager, const TapName *taps, size_t n_taps, UidHold *hold);
/* One that does not persist, and that nobody else has: takes over @fd, without waiting. */
void tap_discard(Manager *manager, int fd, const TapName *tap);
/* At the start, when all that runs is known. */
int taps_sweep(Manager *manager);

/* --- images.c: who refers to which image of the store */
int image_hold(Image **ret, Manager *manager, const char *digest);
/* The last one to let go has the file removed, or left to a later sweep. */
void image_release(Manager *manager, Image *image);
/* For reading, as one of @unikernel's. */
int image_open(const Unikernel *unikernel, const ImageInfo *image, Fault *fault);
/* Its image, and that of the version before. Those that are held already stay so. */
int unikernel_hold_images(Unikernel *unikernel);
void unikernel_release_images(Unikernel *unikernel);
/* @version, which is @unikernel's then, was not written down well, but may be what is on disk: its
 * image stays until a record was written. */
void unikernel_doubt(Unikernel *unikernel, Version *version);
void unikernel_release_doubts(Unikernel *unikernel);
/* At the start: removes what no record refers to, unless some can't be read: then nothing is
 * removed as long as this daemon runs. @keep: there are some that are not in quarantine yet. */
int images_sweep(Manager *manager, bool keep);

/* --- slices.c: which slice of its path a scope goes to */
int slices_take(Manager *manager, const Name *name, uint32_t *ret_number);
/* The same for a scope that is there. */
int slices_claim(Manager *manager, const Name *name, uint32_t number);
void slices_release(Manager *manager, const Name *name, uint32_t number);
void slices_free_all(Manager *manager);

/* A file of the state could not be read for want of something of ours: that says nothing about the
 * file, which must not go to quarantine for it. */
static inline bool error_is_shortage(int error) {
        return error == -ENOMEM || error == -EMFILE || error == -ENFILE;
}

/* --- record.c: a unikernel on disk */
/* Writes it as it is now, or, when a write is under way, as it will be when that is over: one that
 * has failed may be on disk all the same, and nothing may overtake it. Who waits for that write is
 * told first, then unikernel_settle() follows. */
int record_save(Unikernel *unikernel);
/* The same for a start or stop that was asked for, or a create: .save_error says whether it is on
 * disk. */
int record_save_wish(Unikernel *unikernel);
/* unikernel_settle() follows. */
int record_remove(Unikernel *unikernel);
/* The same for one that is not there any more. */
int record_remove_name(Manager *manager, const char *name, WriterDone done, void *userdata);
/* Reads all of them; what can't be read goes to quarantine. Returns how many did. */
int records_load(Manager *manager);

/* --- undone.c: creates that have failed, and whose records are still there */
/* Tries again to remove it, from time to time, in the daemon after this one, too. */
void undone_note(Manager *manager, const char *name, int error);
bool undone_contains(const Manager *manager, const char *name);
/* There is a record of that name that counts. */
void undone_forget(Manager *manager, const char *name);
/* At the start, when all records are loaded. */
int undone_begin(Manager *manager);

/* --- record-text.c: what such a file says */
/* The caller owns *@ret. Never more than WRITER_DATA_MAX bytes, however odd the arguments. */
int record_format(const Unikernel *unikernel, char **ret);
/* The inverse, for a @unikernel with nothing but its name. -EBADMSG, and @unikernel stays as it is,
 * for what record_format() can't have written. */
int record_parse(Unikernel *unikernel, const char *text, size_t size);

/* --- run-record.c, run-record-text.c: the run at hand, or how the last one of this boot ended, in
 * /run */
int run_record_write(const Unikernel *unikernel);
void run_record_remove(const Unikernel *unikernel);
/* For each name there is; the visitor may remove it, and stops it by returning a negative errno. */
typedef int (*RunRecordVisitor)(Manager *manager, const char *name);
int run_records_visit(Manager *manager, RunRecordVisitor visitor);
void run_record_remove_name(const Manager *manager, const char *name);
/* Removes those of names that have no record: a name's new owner must not meet the last one's. */
int run_records_sweep(Manager *manager);
/* What was under way, for a daemon that finds it half done to finish. One that was answered may
 * stand there still: to finish it once more changes nothing. */
typedef enum RunRequest {
        RUN_REQUEST_NONE,
        RUN_REQUEST_START,
        RUN_REQUEST_STOP,
        RUN_REQUEST_STOP_UNTIL_BOOT,
        RUN_REQUEST_DESTROY,
        RUN_REQUEST_DESTROY_WITH_BLOCKS,
        RUN_N_REQUESTS,
} RunRequest;

struct RunRecord {
        pid_t pid; /* 0: it has ended */
        uint64_t start_ticks;
        uint32_t uid;
        uint32_t slice_number;
        bool failed, waiting;
        bool added_name;
        uint64_t opened_usec, started_usec;
        RunRequest request;
        TapName taps[DEVICES_MAX];
        size_t n_taps;
        bool taps_persist;
        BlockLabel blocks[DEVICES_MAX];
        size_t n_blocks;
        bool has_blocks; /* it says which there are, if any */
        /* What it was admitted with, whatever its configuration says by now. */
        uint64_t memory_bytes;
        Cpus cpus;
        BridgeName bridges[DEVICES_MAX];
        size_t n_bridges;
        bool has_claim; /* it says so */
};

/* Fills in what is known of the last run; -ENOENT when there was none in this boot. */
int run_record_read(Unikernel *unikernel, RunRecord *ret);
/* The two as text, as above. */
int run_record_format(const Unikernel *unikernel, char **ret);
int run_record_parse(Unikernel *unikernel, RunRecord *ret, const char *text, size_t size);

/* --- run.c: from the gate to the end */
/* A run that is ours and new; @unikernel must have none. */
Run *run_new(Unikernel *unikernel, const LauncherReply *spawned);
/* When PID 1 has made its scope, or may have: it goes with the run, or now, when that is over. */
void run_note_scope(Unikernel *unikernel, int error);
Run *run_free(Run *run);
/* All that @run, which is not @unikernel's any more, holds goes back here; frees it. */
void run_give_back(Unikernel *unikernel, Run *run);
/* Sent again when the launcher that was asked to send it has been replaced. */
void run_signal(Unikernel *unikernel, int signal_number);
/* Its tender is gone: gives back all that it held, and goes on from there. */
void run_ended(Unikernel *unikernel, const LauncherReply *exited);

/* --- waiters */
typedef enum WaitFor {
        WAIT_FOR_START,
        WAIT_FOR_STOP,
        WAIT_FOR_DESTROY,
        WAIT_FOR_NEXT_SAVE, /* to be asked for now: it is on disk, or could not be written */
        WAIT_FOR_SAVE,      /* that has begun */
} WaitFor;

int unikernel_wait(Unikernel *unikernel, WaitFor what, ManagerDone done, void *userdata);
void unikernel_answer(Unikernel *unikernel, WaitFor what, int r, const Fault *fault);
/* Who waits for @what waits for @next from now on. */
void unikernel_wait_on(Unikernel *unikernel, WaitFor what, WaitFor next);
/* Looks whether something that was waited for is reached. May free @unikernel. */
void unikernel_settle(Unikernel *unikernel);

/* --- start.c */
/* Begins a start of @unikernel, which is in STATE_STARTING. @image_fd, when it is one, is taken in
 * first: the unikernel is being created. */
typedef struct StartOrder {
        int image_fd;      /* -1: it has one */
        bool is_delegated; /* who brings the image is not root */
        bool run;
        bool holds; /* tried again when it fails */
} StartOrder;

int start_begin(Unikernel *unikernel, const StartOrder *order);
void start_cancel(Start *start);
/* The run of this start is over before the gate was opened; @orphaned: with its launcher. */
void start_lost_run(Start *start, bool orphaned);
/* Its record is on disk, or could not be written. */
void start_saved(Start *start);

/* --- consoles.c */
void consoles_add_run(Unikernel *unikernel);
/* The run is over. */
void consoles_end_run(Unikernel *unikernel);
/* No further run will come. */
void consoles_end(Unikernel *unikernel);
/* Nothing is known of what will come: whoever follows asks again. */
void consoles_close(Unikernel *unikernel);
/* The owners of @path have changed: whoever reads consoles or images below it asks again. */
void outlets_revoke(Manager *manager, const Name *path);
/* Nobody is told of their ends any more: the manager goes. */
void outlets_free_all(Manager *manager);

/* --- adopt.c: what the launcher tells on its own, and after a restart of either of us */
void adopt_entry(void *userdata, const LauncherReply *entry);
void adopt_exited(void *userdata, const LauncherReply *exited);
void adopt_launcher_gone(void *userdata);
/* Asks the launcher what it has; manager_list_done() follows. */
int adopt_begin(Manager *manager);

/* --- lost.c: those that run, and whose records can't be read */
/* May a record of that name be mended and brought back? */
bool lost_has_record(const Manager *manager, const char *name);
/* The one of that name which has the process @pid, ended or not, when its record is lost and nobody
 * has asked for its end; NULL: it is a stray. */
Unikernel *lost_add(Manager *manager, const char *name, pid_t pid);
/* At the start: those that the launcher does not know. */
int lost_add_unlisted(Manager *manager);
void lost_ended(Unikernel *unikernel);
/* Somebody wants the name. It is free, unless that one still runs; what it was is gone then. */
int lost_give_up(Manager *manager, const Name *name, Fault *fault);

/* --- life.c: what is to come, after a run and after a start that failed */
/* The @run of @unikernel is over, and not its any more; .last_exit says how. */
void life_ended(Unikernel *unikernel, const Run *run);
/* A start that nobody asked for was undone: it is tried again later, unless it was stopped. */
void life_start_held(Unikernel *unikernel, int r, const Fault *fault);
/* It waited when the daemon before us ended. */
void life_resume_waiting(Unikernel *unikernel);
/* There will be no start by itself. */
void life_forget_restart(Unikernel *unikernel);
/* Starts those that wait for a bridge that is there now. */
void life_bridges_changed(Manager *manager);

/* --- requests.c */
/* Starts one for which nobody has asked now: when it can't be started it is tried again. @done may
 * be NULL. */
void unikernel_start(Unikernel *unikernel, ManagerDone done, void *userdata);
/* Leads @unikernel towards its end as far as it isn't yet. */
void unikernel_bring_down(Unikernel *unikernel);

/* --- revisions.c, revision-watch.c, revision-check.c: another configuration, another image */
/* The caller owns *@ret, which holds its image. */
int version_copy_held(Version **ret, Manager *manager, const Version *version);
/* A run is over: perhaps somebody watches whether it stays up. */
void revision_run_ended(Unikernel *unikernel);
/* What is known of its last run says that the daemon before us watched whether it stays up. */
void revision_resume_watch(Unikernel *unikernel);
/* It is to be restarted, since it runs as it was before a change, or did. */
bool revision_is_due(const Unikernel *unikernel);
/* Its gate is opened: that restart is over, and the watch begins. */
void revision_note_run(Unikernel *unikernel);
/* Could it be started with these devices and this image, as far as only its start finds out? */
int revision_check_run(const Unikernel *unikernel,
                       const Devices *devices,
                       const ImageInfo *image,
                       Fault *fault);
/* At the start, when requests can be served: those that have ended meanwhile. */
void revisions_begin(Manager *manager);

/* --- restart.c */
/* Stops and starts it, as somebody has asked for; -ENOMEM, and nothing is done. */
int unikernel_restart(Unikernel *unikernel, ManagerDone done, void *userdata);

/* --- boot.c: what is wanted and was not started in this boot yet */
/* Each has one turn: to be added again changes nothing. */
void boot_add(Manager *manager, Unikernel *unikernel);
/* One whose time to be started again has come. */
void boot_restart(Manager *manager, Unikernel *unikernel);
void boot_begin(Manager *manager);

/* --- uid-supply.c */
typedef struct UidWait {
        ListLink link; /* of the manager's */
        void (*again)(void *userdata);
        void *userdata;
        uint64_t until_usec; /* 0: waits for the first time */
} UidWait;

/* Asks for more uids in the background when few are left. */
int manager_refill_uids(Manager *manager);
/* -EAGAIN when none is free, or others wait for one. Given back by uid_pool_release(). */
int manager_take_uid(Manager *manager, uint32_t *ret);
/* How often another one is tried when somebody else holds the lock of the one that was taken. */
#define UID_TRIES 8
/* After -EAGAIN: @wait is called once, when it is worth another try. False: none was to be had for
 * as long as one waits. */
bool manager_wait_for_uid(Manager *manager, UidWait *wait);

/* --- manager.c */
/* Rounded up: what is not 0 stays so. */
uint64_t manager_whole_seconds(uint64_t usec);
/* Can requests be served? Something that this waits for has come. */
void manager_look_ready(Manager *manager);
/* The launcher has told all that it has, and @listed which uids it lends. */
void manager_list_done(Manager *manager, const LauncherReply *listed);
