/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/list.h"
#include "metrics/exposition.h"
#include "metrics/fetch.h"
#include "metrics/server.h"

/* Of a request's headers. */
#define REQUEST_MAX 8192U

/* Seconds in which nothing comes and nothing can be sent. */
#define SILENCE_SEC 10U

/* Of the timer for what is to be done at once. Without one it may be 250 ms late. */
#define PRECISION_USEC 1U

#define PATH "/metrics"

/* One socket. libmicrohttpd is driven by our loop. */
typedef struct Listener {
        ListLink link;
        Server *server;
        struct MHD_Daemon *http;
        sd_event_source *io, *timer;
} Listener;

/* Somebody who has connected. */
typedef struct Client {
        struct MHD_Connection *connection;
        sd_event_source *deadline;
} Client;

/* What he has asked for. */
typedef struct Request {
        ListLink link; /* of those that wait for the answer */
        struct MHD_Connection *connection;
        Format format;
        struct MHD_Response *response;
        unsigned status;
} Request;

struct Server {
        sd_event *event;
        uint64_t idle_usec;
        sd_event_source *idle;
        unsigned n_clients;
        bool has_left; /* somebody, since this was looked at */
        ListLink listeners;
        ListLink waiting;
        Fetch *fetch;
        struct MHD_Response *answers[N_FORMATS]; /* of the fetch that is over */
};

/* --- answers --- */

static struct MHD_Response *make_response(char *text, size_t size, const char *type) {
        struct MHD_Response *response;

        response = MHD_create_response_from_buffer(size, text, MHD_RESPMEM_MUST_FREE);
        if (!response) {
                free(text);
                return NULL;
        }
        if (MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type) == MHD_NO ||
            MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close") == MHD_NO) {
                MHD_destroy_response(response);
                return NULL;
        }
        return response;
}

/* A sentence. */
static enum MHD_Result refuse(struct MHD_Connection *connection,
                              unsigned status,
                              const char *text) {
        struct MHD_Response *response;
        enum MHD_Result result = MHD_NO;
        char *copy = NULL;

        if (asprintf(&copy, "%s\n", text) < 0)
                return MHD_NO;
        response = make_response(copy, strlen(copy), "text/plain; charset=utf-8");
        if (!response)
                return MHD_NO;
        if (status != MHD_HTTP_METHOD_NOT_ALLOWED ||
            MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD") != MHD_NO)
                result = MHD_queue_response(connection, status, response);
        MHD_destroy_response(response);
        return result;
}

static void drop_answers(Server *server) {
        for (Format format = 0; format < N_FORMATS; format++) {
                if (server->answers[format])
                        MHD_destroy_response(server->answers[format]);
                server->answers[format] = NULL;
        }
}

static struct MHD_Response *make_answer(Format format, const Snapshot *snapshot) {
        char *text = NULL;
        size_t size;

        if (exposition_write(snapshot, format, &text, &size) < 0)
                return NULL;
        return make_response(text, size, format_content_type(format));
}

/* All who wait are given what there is, made once for all of them, which is nothing when memory is
 * short. A daemon that is away is no failure of ours: of an answer that is one, Prometheus reads
 * nothing. */
static void answer_all(Server *server, const Snapshot *snapshot, unsigned status) {
        LIST_FOREACH(link, &server->waiting) {
                Request *request = LIST_ENTRY(link, Request, link);

                list_remove(&request->link);
                if (!server->answers[request->format])
                        server->answers[request->format] = make_answer(request->format, snapshot);
                request->response = server->answers[request->format];
                request->status = status;
                MHD_resume_connection(request->connection);
        }
}

static void work(Listener *listener);

static void on_fetched(void *userdata, const Snapshot *snapshot) {
        Server *server = userdata;

        if (snapshot->why[0])
                fprintf(stderr, "<4>%s\n", snapshot->why);
        answer_all(server, snapshot, MHD_HTTP_OK);
        server->fetch = fetch_free(server->fetch);
        LIST_FOREACH(link, &server->listeners)
        work(LIST_ENTRY(link, Listener, link));
        /* Whoever needs them has a reference. */
        drop_answers(server);
}

/* --- requests --- */

/* The bus itself is not there. With an answer of his own: those of a fetch that is just over must
 * not be dropped before all who wait for them have taken them. */
static enum MHD_Result answer_without_bus(const Request *request, int error) {
        struct MHD_Response *response;
        enum MHD_Result result;
        Snapshot snapshot = {};

        snapshot_complain(&snapshot, "The system bus can't be used", strerror(-error));
        fprintf(stderr, "<4>%s\n", snapshot.why);
        response = make_answer(request->format, &snapshot);
        if (!response)
                return MHD_NO;
        result = MHD_queue_response(request->connection, MHD_HTTP_OK, response);
        MHD_destroy_response(response);
        return result;
}

/* The answer to that will come. */
static enum MHD_Result begin(Server *server, Request *request) {
        const char *accept = MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND,
                                                         MHD_HTTP_HEADER_ACCEPT);
        int format, r;

        format = negotiate(accept);
        if (format < 0)
                return refuse(request->connection, MHD_HTTP_NOT_ACCEPTABLE,
                              "There is text/plain; version=0.0.4, and "
                              "application/openmetrics-text; version=1.0.0.");
        request->format = (Format) format;
        if (!server->fetch) {
                r = fetch_start(&server->fetch, server->event, on_fetched, server);
                if (r < 0)
                        return answer_without_bus(request, r);
        }
        list_append(&server->waiting, &request->link);
        MHD_suspend_connection(request->connection);
        return MHD_YES;
}

static bool has_body(struct MHD_Connection *connection) {
        const char *length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
                                                         MHD_HTTP_HEADER_CONTENT_LENGTH);

        return (length && strcmp(length, "0") != 0) ||
               MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
                                           MHD_HTTP_HEADER_TRANSFER_ENCODING);
}

/* The headers are there. What is refused now is read no further: a body might have no end. */
static enum MHD_Result look_at(struct MHD_Connection *connection,
                               const char *url,
                               const char *method,
                               Request **ret) {
        if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
                return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "There is only GET.");
        if (strcmp(url, PATH) != 0)
                return refuse(connection, MHD_HTTP_NOT_FOUND, "There is only " PATH ".");
        if (has_body(connection))
                return refuse(connection, MHD_HTTP_CONTENT_TOO_LARGE, "Nothing can be said here.");
        *ret = calloc(1, sizeof(**ret));
        if (!*ret)
                return MHD_NO;
        (*ret)->connection = connection;
        return MHD_YES;
}

/* Called when the headers are there, when that is all, and when an answer is there. */
static enum MHD_Result on_request(void *userdata,
                                  struct MHD_Connection *connection,
                                  const char *url,
                                  const char *method,
                                  const char *version,
                                  const char *data,
                                  size_t *size,
                                  void **context) {
        Request *request = *context;

        if (!request)
                return look_at(connection, url, method, (Request **) context);
        if (request->status != 0)
                return request->response
                               ? MHD_queue_response(connection, request->status, request->response)
                               : MHD_NO;
        return begin(userdata, request);
}

static void on_completed(void *userdata,
                         struct MHD_Connection *connection,
                         void **context,
                         enum MHD_RequestTerminationCode why) {
        Request *request = *context;

        *context = NULL;
        if (request)
                list_remove(&request->link);
        free(request);
}

/* --- clients --- */

static int on_idle(sd_event_source *source, uint64_t usec, void *userdata) {
        Server *server = userdata;

        return sd_event_exit(server->event, EXIT_SUCCESS);
}

static void look_idle(Server *server) {
        server->idle = sd_event_source_disable_unref(server->idle);
        if (server->n_clients == 0 &&
            sd_event_add_time_relative(server->event, &server->idle, CLOCK_MONOTONIC,
                                       server->idle_usec, 0, on_idle, server) < 0)
                (void) sd_event_exit(server->event, EXIT_FAILURE);
}

/* libmicrohttpd finds out by itself that nothing can be sent any more. */
static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata) {
        Client *client = userdata;
        const union MHD_ConnectionInfo *info;

        info = MHD_get_connection_info(client->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        if (info)
                (void) shutdown(info->connect_fd, SHUT_RDWR);
        return 0;
}

static void on_client(void *userdata,
                      struct MHD_Connection *connection,
                      void **context,
                      enum MHD_ConnectionNotificationCode what) {
        Server *server = userdata;
        Client *client;

        if (what == MHD_CONNECTION_NOTIFY_STARTED) {
                server->n_clients++;
                client = calloc(1, sizeof(*client));
                if (client) {
                        client->connection = connection;
                        (void) sd_event_add_time_relative(server->event, &client->deadline,
                                                          CLOCK_MONOTONIC, CLIENT_USEC, 0,
                                                          on_deadline, client);
                }
                *context = client;
        } else {
                server->n_clients--;
                server->has_left = true;
                client = *context;
                if (client)
                        sd_event_source_disable_unref(client->deadline);
                free(client);
                *context = NULL;
        }
        look_idle(server);
}

/* --- the loop --- */

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        work(userdata);
        return 0;
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        work(userdata);
        return 0;
}

/* Lets libmicrohttpd do what there is to do, and comes back when it wants to. */
static void work(Listener *listener) {
        MHD_UNSIGNED_LONG_LONG timeout_msec;

        /* Where there were as many as may be, it looks for others again when it is called again. */
        do {
                listener->server->has_left = false;
                (void) MHD_run(listener->http);
        } while (listener->server->has_left);
        listener->timer = sd_event_source_disable_unref(listener->timer);
        if (MHD_get_timeout(listener->http, &timeout_msec) == MHD_YES &&
            sd_event_add_time_relative(listener->server->event, &listener->timer, CLOCK_MONOTONIC,
                                       timeout_msec * 1000U, PRECISION_USEC, on_timer,
                                       listener) < 0)
                (void) sd_event_exit(listener->server->event, EXIT_FAILURE);
}

static void listener_free(Listener *listener) {
        list_remove(&listener->link);
        sd_event_source_disable_unref(listener->io);
        sd_event_source_disable_unref(listener->timer);
        if (listener->http)
                MHD_stop_daemon(listener->http);
        free(listener);
}

int server_listen(Server *server, int fd) {
        const union MHD_DaemonInfo *info;
        Listener *listener;
        int flags, r;

        flags = fcntl(fd, F_GETFL);
        if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
                return -errno;
        listener = calloc(1, sizeof(*listener));
        if (!listener)
                return -ENOMEM;
        listener->server = server;
        list_append(&server->listeners, &listener->link);
        listener->http = MHD_start_daemon(
                MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, server,
                MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, CLIENTS_MAX,
                MHD_OPTION_CONNECTION_TIMEOUT, SILENCE_SEC, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                (size_t) REQUEST_MAX, MHD_OPTION_NOTIFY_CONNECTION, on_client, server,
                MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_END);
        info = listener->http ? MHD_get_daemon_info(listener->http, MHD_DAEMON_INFO_EPOLL_FD)
                              : NULL;
        r = info ? sd_event_add_io(server->event, &listener->io, info->epoll_fd, EPOLLIN, on_io,
                                   listener)
                 : -EIO;
        if (r < 0)
                listener_free(listener);
        else
                work(listener);
        return r;
}

int server_new(Server **ret, sd_event *event, uint64_t idle_usec) {
        Server *server;

        server = calloc(1, sizeof(*server));
        if (!server)
                return -ENOMEM;
        server->event = sd_event_ref(event);
        server->idle_usec = idle_usec;
        list_init(&server->listeners);
        list_init(&server->waiting);
        look_idle(server);
        *ret = server;
        return 0;
}

Server *server_free(Server *server) {
        const Snapshot nothing = {};

        if (!server)
                return NULL;
        /* libmicrohttpd can't be stopped while somebody waits. */
        answer_all(server, &nothing, MHD_HTTP_SERVICE_UNAVAILABLE);
        server->fetch = fetch_free(server->fetch);
        LIST_FOREACH(link, &server->listeners)
        (void) MHD_run(LIST_ENTRY(link, Listener, link)->http);
        LIST_FOREACH(link, &server->listeners)
        listener_free(LIST_ENTRY(link, Listener, link));
        drop_answers(server);
        sd_event_source_disable_unref(server->idle);
        sd_event_unref(server->event);
        free(server);
        return NULL;
}
