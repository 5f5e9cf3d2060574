#!/usr/bin/python3
# SPDX-License-Identifier: ISC
#
# A client of albatross-metrics, for metrics.sh and the bench:
#
#   get ACCEPT [METHOD [PATH]]   prints status, type, and then what there is
#   get-unix ACCEPT              the same on the Unix socket
#   announce METHOD LENGTH       says that a body follows, sends one byte of it; prints the answer's first line
#   parse openmetrics|text       reads strictly what comes in, prints "NAME{LABELS} VALUE" of each sample
#   proxy PORT                   gives those who connect there the text format, whatever they ask for
#   hold silent|slow|unread N    N connections at once of somebody who means no good; prints how many
#                                were ended by the other side within 45 s (the unread ones after 12)
import http.client
import http.server
import socket
import sys
import threading
import time

SOCKET = '/run/albatross-metrics/socket'
ADDRESS = ('::1', 9748)


class UnixConnection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(SOCKET)


def fetch(accept, method='GET', path='/metrics', unix=False):
    if unix:
        connection = UnixConnection('localhost', timeout=20)
    else:
        connection = http.client.HTTPConnection(ADDRESS[0], ADDRESS[1], timeout=20)
    connection.request(method, path, headers={'Accept': accept} if accept else {})
    answer = connection.getresponse()
    return answer.status, answer.getheader('Content-Type'), answer.read()


def get(unix, accept, method='GET', path='/metrics'):
    status, kind, body = fetch(accept, method, path, unix)
    print(status, kind)
    sys.stdout.flush()
    sys.stdout.buffer.write(body)


def announce(method, length):
    client = socket.create_connection(ADDRESS, timeout=5)
    client.sendall(b'%s /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\nX' %
                   (method.encode(), int(length)))
    try:
        print(client.recv(65536).split(b'\r\n')[0].decode())
    except (ConnectionResetError, TimeoutError) as error:
        print(type(error).__name__)


def parse(kind):
    if kind == 'openmetrics':
        from prometheus_client.openmetrics.parser import text_string_to_metric_families
    else:
        from prometheus_client.parser import text_string_to_metric_families
    for family in text_string_to_metric_families(sys.stdin.buffer.read().decode('utf-8')):
        if not family.documentation:
            sys.exit('%s says nothing of itself' % family.name)
        for sample in family.samples:
            labels = ','.join('%s="%s"' % label for label in sorted(sample.labels.items()))
            print('%s{%s} %r' % (sample.name, labels, float(sample.value)))


class Proxy(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        status, kind, body = fetch('text/plain;version=0.0.4')
        self.send_response(status)
        self.send_header('Content-Type', kind)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6


def hold_one(how, ended):
    deadline = time.monotonic() + 45
    client = socket.socket(socket.AF_INET6)
    # What was sent must not fit in here.
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(1)
    try:
        client.connect(ADDRESS)
        if how == 'unread':
            # What was sent stands in the way of its end, which can't be seen from here.
            client.sendall(b'GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n')
            time.sleep(12)
            ended.append(how)
            return
        while time.monotonic() < deadline:
            if how == 'slow':
                client.sendall(b'X')
            try:
                if client.recv(1) == b'':
                    ended.append(how)
                    return
            except TimeoutError:
                pass
    except OSError as error:
        if not isinstance(error, TimeoutError):
            ended.append(how)


def hold(how, number):
    ended = []
    threads = [threading.Thread(target=hold_one, args=(how, ended)) for _ in range(int(number))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(len(ended))


verb, arguments = sys.argv[1], sys.argv[2:]
if verb == 'get':
    get(False, *arguments)
elif verb == 'get-unix':
    get(True, *arguments)
elif verb == 'announce':
    announce(*arguments)
elif verb == 'parse':
    parse(*arguments)
elif verb == 'proxy':
    Server(('::1', int(arguments[0])), Proxy).serve_forever()
elif verb == 'hold':
    hold(*arguments)
else:
    sys.exit('What is %s?' % verb)
