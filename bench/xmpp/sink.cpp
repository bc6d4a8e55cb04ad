// An XMPP server for the bench that costs less than any client: one thread, one epoll, no XML tree, no
// state except for the connections. It logs users in (PLAIN; SCRAM-SHA-1 when all have the password
// "p"), delivers each message to its receiver, and measures how long this machine's kernel and this process had it.
// Commands on standard input: "stats" answers with a line of JSON, "reset" forgets what was measured.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

using std::string;
using std::string_view;
using Digest = std::array<uint8_t, 20>;

// SHA-1 (FIPS 180-4) and what SCRAM builds on it (RFC 5802).
static Digest sha1(string message) {
  const uint64_t bits = message.size() * 8ull;
  message += char(0x80);
  while (message.size() % 64 != 56) message += char(0);
  for (int shift = 56; shift >= 0; shift -= 8) message += char(bits >> shift);
  uint32_t h[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  auto rol = [](uint32_t x, int n) { return (x << n) | (x >> (32 - n)); };
  for (size_t block = 0; block < message.size(); block += 64) {
    uint32_t w[80];
    for (int i = 0; i < 16; i++) {
      const auto *p = reinterpret_cast<const uint8_t *>(message.data()) + block + i * 4;
      w[i] = uint32_t(p[0]) << 24 | p[1] << 16 | p[2] << 8 | p[3];
    }
    for (int i = 16; i < 80; i++) w[i] = rol(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    uint32_t a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
    for (int i = 0; i < 80; i++) {
      uint32_t f, k;
      if (i < 20) f = (b & c) | (~b & d), k = 0x5a827999;
      else if (i < 40) f = b ^ c ^ d, k = 0x6ed9eba1;
      else if (i < 60) f = (b & c) | (b & d) | (c & d), k = 0x8f1bbcdc;
      else f = b ^ c ^ d, k = 0xca62c1d6;
      const uint32_t t = rol(a, 5) + f + e + k + w[i];
      e = d, d = c, c = rol(b, 30), b = a, a = t;
    }
    h[0] += a, h[1] += b, h[2] += c, h[3] += d, h[4] += e;
  }
  Digest out;
  for (int i = 0; i < 20; i++) out[i] = h[i / 4] >> (24 - i % 4 * 8);
  return out;
}
static string text(const Digest &d) { return string(reinterpret_cast<const char *>(d.data()), d.size()); }
static Digest hmac(string key, string_view message) {
  if (key.size() > 64) key = text(sha1(key));
  key.resize(64, 0);
  string inner = key, outer = key;
  for (auto &c : inner) c ^= 0x36;
  for (auto &c : outer) c ^= 0x5c;
  return sha1(outer + text(sha1(inner + string(message))));
}
static const char *alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static string encode(string_view in) {
  string out;
  for (size_t i = 0; i < in.size(); i += 3) {
    uint32_t v = 0;
    for (size_t j = 0; j < 3; j++) v = v << 8 | (i + j < in.size() ? uint8_t(in[i + j]) : 0);
    for (size_t j = 0; j < 4; j++) out += i + j > in.size() ? '=' : alphabet[v >> (18 - 6 * j) & 63];
  }
  return out;
}
static string decode(string_view in) {
  string out;
  uint32_t v = 0;
  int bits = 0;
  for (char c : in) {
    const char *at = strchr(alphabet, c);
    if (!at || !c) continue;
    v = v << 6 | uint32_t(at - alphabet);
    if ((bits += 6) >= 8) out += char(v >> (bits -= 8));
  }
  return out;
}

struct Connection {
  string in, out, nonce, scramFirst;
  int user = 0;
  bool isAuthenticated = false, wantsWrite = false;
};

static int epollFd;
static std::vector<Connection *> connections(70000);
static std::vector<int> fdOfUser(2000000, -1);
static uint64_t messages = 0, undelivered = 0;
static size_t connected = 0;
static std::vector<uint32_t> residence(100001);
static string salted;

static uint64_t micros(const timespec &t) { return t.tv_sec * 1000000ull + t.tv_nsec / 1000; }
// The clock that the kernel stamps packets with.
static uint64_t now() {
  timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return micros(t);
}

// Reads, and tells when the last of the data arrived in this machine's kernel: a server has a message from
// then on, however late its process wakes up.
static ssize_t readStamped(int fd, char *buffer, size_t size, uint64_t &arrived) {
  iovec part{buffer, size};
  char control[CMSG_SPACE(sizeof(timespec))];
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const ssize_t n = recvmsg(fd, &message, 0);
  arrived = 0;
  for (cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&message) : nullptr; c; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS) continue;
    timespec t;
    memcpy(&t, CMSG_DATA(c), sizeof t);
    arrived = micros(t);
  }
  if (!arrived) arrived = now();
  return n;
}

static void drop(int fd) {
  Connection *c = connections[fd];
  if (!c) return;
  if (c->user && fdOfUser[c->user] == fd) fdOfUser[c->user] = -1;
  delete c;
  connections[fd] = nullptr;
  connected--;
  close(fd);
}

static void put(int fd, string_view data) {
  Connection *c = connections[fd];
  if (!c) return;
  if (c->out.empty()) {
    const ssize_t n = send(fd, data.data(), data.size(), MSG_NOSIGNAL);
    if (n == ssize_t(data.size())) return;
    if (n < 0 && errno != EAGAIN) return;
    data.remove_prefix(n < 0 ? 0 : n);
  }
  c->out += data;
  if (!c->wantsWrite) {
    c->wantsWrite = true;
    epoll_event e{EPOLLIN | EPOLLOUT, {.fd = fd}};
    epoll_ctl(epollFd, EPOLL_CTL_MOD, fd, &e);
  }
}

static string_view attribute(string_view tag, string_view name) {
  for (char quote : {'"', '\''}) {
    const string key = " " + string(name) + "=" + quote;
    const size_t at = tag.find(key);
    if (at == string_view::npos) continue;
    const size_t start = at + key.size();
    return tag.substr(start, tag.find(quote, start) - start);
  }
  return {};
}
static int userIn(string_view jid) {
  const size_t at = jid.find("user_");
  return at == string_view::npos ? 0 : atoi(string(jid.substr(at + 5, 9)).c_str());
}
static const char *saslNs = " xmlns='urn:ietf:params:xml:ns:xmpp-sasl'";

static void scram(int fd, Connection *c, const string &message) {
  const string salt = "c2FsdHNhbHQ=";
  if (c->scramFirst.empty()) {
    const string bare = message.substr(message.find("n="));
    c->user = userIn(bare);
    const string server = "r=" + bare.substr(bare.find("r=") + 2) + "srv,s=" + salt + ",i=4096";
    c->scramFirst = bare + "," + server;
    put(fd, string("<challenge") + saslNs + ">" + encode(server) + "</challenge>");
    return;
  }
  const string signed_ = c->scramFirst + "," + message.substr(0, message.rfind(",p="));
  const string key = text(hmac(salted, "Server Key"));
  c->isAuthenticated = true;
  put(fd, string("<success") + saslNs + ">" + encode("v=" + encode(text(hmac(key, signed_)))) + "</success>");
}

// Handles one stanza of a client; `arrived` is the time of its arrival.
static void handle(int fd, string_view s, uint64_t arrived) {
  Connection *c = connections[fd];
  if (s.rfind("<message", 0) == 0) {
    messages++;
    const size_t tagEnd = s.find('>');
    const int to = userIn(attribute(s.substr(0, tagEnd + 1), "to"));
    const int target = to > 0 && to < int(fdOfUser.size()) ? fdOfUser[to] : -1;
    if (target < 0) {
      undelivered++;
      return;
    }
    char head[96];
    const int length = snprintf(head, sizeof head, "<message from=\"user_%d@localhost/r\"", c->user);
    string out(head, length);
    out += s.substr(8);
    put(target, out);
    const int64_t took = int64_t(now() - arrived);
    residence[std::clamp<int64_t>(took, 0, int64_t(residence.size()) - 1)]++;
  } else if (s.rfind("<iq", 0) == 0) {
    const string id(attribute(s.substr(0, s.find('>') + 1), "id"));
    string answer = "<iq type='result' id='" + id + "'";
    if (s.find("xmpp-bind") != string_view::npos) {
      fdOfUser[c->user] = fd;
      answer += "><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>user_" + std::to_string(c->user) + "@localhost/r</jid></bind></iq>";
    } else answer += "/>";
    put(fd, answer);
  } else if (s.rfind("<auth", 0) == 0 || s.rfind("<response", 0) == 0) {
    const size_t start = s.find('>') + 1;
    const string message = decode(s.substr(start, s.rfind("</") - start));
    if (attribute(s.substr(0, start), "mechanism") == "SCRAM-SHA-1" || !c->scramFirst.empty()) {
      scram(fd, c, message);
      return;
    }
    c->user = userIn(message);
    c->isAuthenticated = true;
    put(fd, string("<success") + saslNs + "/>");
  }
}

static void readStanzas(int fd, uint64_t arrived) {
  size_t at = 0;
  for (;;) {
    Connection *c = connections[fd];
    if (!c) return;
    string_view in = c->in;
    while (at < in.size() && in[at] <= ' ') at++;
    in.remove_prefix(at);
    if (in.empty()) break;
    const size_t tagEnd = in.find('>');
    if (tagEnd == string_view::npos) break;
    size_t length = tagEnd + 1;
    if (in[1] == '?') {
      at += length;
      continue;
    }
    if (in.rfind("<stream:stream", 0) == 0) {
      string answer = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='1' from='localhost' version='1.0'><stream:features>";
      answer += c->isAuthenticated
                    ? "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>"
                    : string("<mechanisms") + saslNs + "><mechanism>SCRAM-SHA-1</mechanism><mechanism>PLAIN</mechanism></mechanisms>";
      put(fd, answer + "</stream:features>");
      at += length;
      continue;
    }
    if (in.rfind("</stream", 0) == 0) {
      put(fd, "</stream:stream>");
      drop(fd);
      return;
    }
    if (in[tagEnd - 1] != '/') {
      const string_view name = in.substr(1, in.find_first_of(" />", 1) - 1);
      const string end = "</" + string(name) + ">";
      const size_t close = in.find(end, length);
      if (close == string_view::npos) break;
      length = close + end.size();
    }
    handle(fd, in.substr(0, length), arrived);
    at += length;
  }
  if (connections[fd]) connections[fd]->in.erase(0, at);
}

static void stats() {
  uint64_t total = 0;
  for (auto n : residence) total += n;
  auto at = [&](double share) {
    uint64_t seen = 0;
    for (size_t i = 0; i < residence.size(); i++)
      if ((seen += residence[i]) >= share * total && total) return double(i);
    return 0.0;
  };
  rusage u;
  getrusage(RUSAGE_SELF, &u);
  const double cpu = (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3 + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3;
  printf("{\"connections\":%zu,\"messages\":%llu,\"undelivered\":%llu,\"p50\":%.0f,\"p99\":%.0f,\"p999\":%.0f,\"cpuMs\":%.1f}\n", connected,
         (unsigned long long)messages, (unsigned long long)undelivered, at(.5), at(.99), at(.999), cpu);
  fflush(stdout);
}

int main() {
  signal(SIGPIPE, SIG_IGN);
  salted = text(hmac("p", decode("c2FsdHNhbHQ=") + string("\0\0\0\1", 4)));
  string round = salted;
  for (int i = 1; i < 4096; i++) {
    round = text(hmac("p", round));
    for (int j = 0; j < 20; j++) salted[j] ^= round[j];
  }
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener, reinterpret_cast<sockaddr *>(&address), sizeof address) || listen(listener, 4096)) return 1;
  socklen_t size = sizeof address;
  getsockname(listener, reinterpret_cast<sockaddr *>(&address), &size);
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  epollFd = epoll_create1(0);
  for (int fd : {listener, 0}) {
    epoll_event e{EPOLLIN, {.fd = fd}};
    epoll_ctl(epollFd, EPOLL_CTL_ADD, fd, &e);
  }
  std::vector<epoll_event> events(1024);
  std::vector<char> buffer(65536);
  for (;;) {
    const int count = epoll_wait(epollFd, events.data(), int(events.size()), -1);
    for (int i = 0; i < count; i++) {
      const int fd = events[i].data.fd;
      if (fd == 0) {
        const ssize_t n = read(0, buffer.data(), buffer.size());
        if (n <= 0) return 0;
        const string_view line(buffer.data(), n);
        if (line.find("stats") != string_view::npos) stats();
        if (line.find("reset") != string_view::npos) {
          messages = undelivered = 0;
          std::fill(residence.begin(), residence.end(), 0);
        }
        continue;
      }
      if (fd == listener) {
        for (;;) {
          const int client = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
          if (client < 0) break;
          setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
          setsockopt(client, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
          connections[client] = new Connection;
          connected++;
          epoll_event e{EPOLLIN, {.fd = client}};
          epoll_ctl(epollFd, EPOLL_CTL_ADD, client, &e);
        }
        continue;
      }
      Connection *c = connections[fd];
      if (!c) continue;
      if (events[i].events & EPOLLOUT) {
        const ssize_t n = send(fd, c->out.data(), c->out.size(), MSG_NOSIGNAL);
        if (n > 0) c->out.erase(0, n);
        if (c->out.empty()) {
          c->wantsWrite = false;
          epoll_event e{EPOLLIN, {.fd = fd}};
          epoll_ctl(epollFd, EPOLL_CTL_MOD, fd, &e);
        }
      }
      if (!(events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))) continue;
      uint64_t arrived;
      const ssize_t n = readStamped(fd, buffer.data(), buffer.size(), arrived);
      if (n == 0 || (n < 0 && errno != EAGAIN)) {
        drop(fd);
        continue;
      }
      if (n < 0) continue;
      c->in.append(buffer.data(), n);
      readStanzas(fd, arrived);
    }
  }
}
