#include "real/server/daemon.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <memory>
#include <optional>
#include <utility>

#include <signal.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "protocol/env/check.h"

#include "protocol/events.h"
#include "protocol/node.h"

#include "real/ports/machine.h"
#include "real/server/client_port.h"
#include "real/server/data_directory.h"
#include "real/server/event_text.h"
#include "real/server/http_pages.h"
#include "real/server/metrics.h"
#include "real/server/service.h"

namespace holdfast::real {
namespace {

// How long requests under way may take to end after SIGTERM.
constexpr Duration kWindDown = Duration::seconds(2);
// For the last answers to leave.
constexpr Duration kFarewell = Duration::milliseconds(20);
// Events that are shown when storage failed.
constexpr std::size_t kLastEvents = 20;

// What an operator tells the process.  Threads that are made while they are held back never take
// them, so that the one that owns the core is the only one that does; and a second one while the
// process ends, when nobody handles it any more, does not kill it: it would look as if it had not
// ended cleanly.
class Signals {
 public:
  Signals() {
    ::sigemptyset(&set_);
    for (const int number : kNumbers)
      ::sigaddset(&set_, number);
  }

  void hold_back() const { ::pthread_sigmask(SIG_BLOCK, &set_, nullptr); }

  void take() const { ::pthread_sigmask(SIG_UNBLOCK, &set_, nullptr); }

  static constexpr std::initializer_list<int> kNumbers{SIGTERM, SIGINT, SIGHUP};

 private:
  sigset_t set_;
};

// One life of a member, with everything around it.
class Daemon {
 public:
  // What connections are secured with; none of both: nothing.
  struct Security {
    TlsPtr members;
    TlsPtr clients;
  };

  // What it is given; what is given by reference outlives it.
  struct Surroundings {
    Security security;
    const std::function<void(const Config&)>& reread;
    Journal& journal;
    const DataDirectory& directory;
    const Signals& signals;
  };

  // Requires: the signals are held back.
  Daemon(const Config& config, const Surroundings& around)
      : config_(config),
        security_(around.security),
        reread_(around.reread),
        journal_(around.journal),
        directory_(around.directory),
        signals_(around.signals),
        metrics_(config.cluster_name, config.self->id),
        machine_(loop_, journal_, machine_options()),
        node_(config.node,
              machine_.ports(),
              make_store(directory_, config),
              {.ready = [this] { on_ready(); },
               .stopped = [this](const StoreError& error) { failure_ = error; },
               .elected = [this](std::uint64_t) { service_.on_term(); },
               .lost = [this](std::uint64_t, Failure) { service_.on_term(); }}),
        service_(node_, loop_, machine_, {}),
        client_port_(loop_,
                     journal_,
                     client_port_options(),
                     [this](Request request, ClientPort::Reply reply) {
                       handle(std::move(request), std::move(reply));
                     }),
        pages_(config,
               {.status = [this] { return service_.status(); },
                .metrics = [this] { return metrics_.text(moment()); }}) {}

  ~Daemon() {
    signals_.hold_back();
    client_port_.close();
    machine_.halt();
  }

  ExitCode run() {
    loop_.catch_signals(Signals::kNumbers, [this](int number) {
      if (number == SIGHUP) return reload();
      signal_ = number;
    });
    if (const auto opened = client_port_.open(); !opened) return address_failed(opened.error());
    if (const auto opened = open_http_port(); !opened) return address_failed(opened.error());
    if (const auto booted = machine_.boot(node_); !booted) return address_failed(booted.error());
    signals_.take();
    loop_.run_until([this] { return signal_ || failure_; });
    if (!failure_) wind_down();
    return failure_ ? storage_failed() : ExitCode::kDone;
  }

 private:
  MachineOptions machine_options() {
    MachineOptions options;
    options.network.hello = {.cluster = config_.cluster,
                             .log = config_.log,
                             .config = config_.node.membership.digest(),
                             .sender = config_.self->id};
    for (const Config::Member& member : config_.members)
      options.network.members.push_back({member.id, member.address});
    options.network.limits.frame_bytes_max = config_.member_frame_bytes_max();
    options.network.limits.queue_bytes_max = config_.member_queue_bytes_max();
    options.network.tls = security_.members;
    options.watch_jobs = [this](Lane lane, Duration waited, Duration ran) {
      metrics_.job_ended(lane, waited, ran);
    };
    options.watch = [this](const TracedEvent& event) {
      metrics_.on_event(event);
      if (is_for_operators(event.kind)) {
        journal_.say(Level::kInfo, event_name(event.kind), event_fields(event));
      }
    };
    return options;
  }

  ClientPortOptions client_port_options() const {
    ClientPortOptions options;
    options.address = config_.member(config_.self->id).client_address;
    options.hello = {.party = Party::kClient,
                     .cluster = config_.cluster,
                     .log = config_.log,
                     .sender = config_.self->id};
    options.limits.frame_bytes_max = config_.client_frame_bytes_max();
    options.tls = security_.clients;
    return options;
  }

  tl::expected<void, std::string> open_http_port() {
    const auto& address = config_.member(config_.self->id).http_address;
    if (!address) return {};
    auto port = HttpPort::open(
        loop_, *address, {}, [this](std::string_view path) { return pages_.answer(path); });
    if (!port) return tl::unexpected(port.error());
    http_port_ = std::move(*port);
    return {};
  }

  void handle(Request request, ClientPort::Reply reply) {
    const Instant came = loop_.now();
    const std::size_t kind = request.body.index();
    service_.handle(std::move(request),
                    [this, came, kind, reply = std::move(reply)](const Response& response) {
                      metrics_.answered(kind, response, loop_.now() - came);
                      reply(response);
                    });
  }

  MetricsMoment moment() const {
    return {.status = service_.status(),
            .network = machine_.network().counters(),
            .requests_waiting = client_port_.waiting(),
            .jobs_pending = machine_.jobs_pending()};
  }

  // Certificates are read again; connections that stand keep theirs.
  void reload() {
    const auto config = load_config(config_.file);
    if (config) {
      if (reread_) reread_(*config);
    } else {
      for (const ConfigError& error : config.error())
        journal_.say(Level::kError, "configuration_refused", {{"why", error.to_text()}});
    }
    if (security_.members == nullptr) {
      journal_.say(Level::kInfo, "certificates_read", {{"tls", "off"}});
    } else if (const auto done = Tls::reload(std::array{security_.members, security_.clients});
               !done) {
      journal_.say(Level::kError,
                   "certificates_refused",
                   {{"why", done.error()},
                    {"next", "the old ones stay in use; mend the file, and send SIGHUP again"}});
    } else {
      journal_.say(Level::kInfo, "certificates_read", {{"tls", "on"}});
    }
  }

  void on_ready() {
    if (const auto marked = directory_.mark(); !marked) failure_ = marked.error();
    const Config::Member& member = config_.member(config_.self->id);
    journal_.say(Level::kInfo,
                 "ready",
                 {{"member", std::to_string(int{member.id.value})},
                  {"address", member.address.text()},
                  {"client_address", member.client_address.text()},
                  {"http_address", member.http_address ? member.http_address->text() : "none"}});
    maybe(::sd_notify(0, "READY=1") > 0);
  }

  void wind_down() {
    journal_.say(Level::kInfo, "stopping", {{"signal", ::sigabbrev_np(*signal_)}});
    maybe(::sd_notify(0, "STOPPING=1") > 0);
    client_port_.wind_down();
    run_for(kWindDown, [this] { return failure_ || client_port_.waiting() == 0; });
    run_for(kFarewell, [this] { return failure_.has_value(); });
  }

  void run_for(Duration time, const std::function<bool()>& done) {
    bool over = false;
    Timer timer(loop_, [&over] { over = true; });
    timer.set(loop_.now() + time);
    loop_.run_until([&] { return over || done(); });
  }

  ExitCode address_failed(const std::string& why) {
    journal_.say(Level::kError, "cannot_listen", {{"why", why}});
    return ExitCode::kAddress;
  }

  ExitCode storage_failed() {
    const bool is_ours =
        failure_->kind != StoreError::Kind::kForeign && failure_->kind != StoreError::Kind::kLocked;
    if (is_ours) say_last_events();
    journal_.say(Level::kError,
                 is_ours ? "storage_failed" : "cannot_use_directory",
                 {{"why", failure_->text}, {"next", std::string(advice_for(failure_->kind))}});
    return exit_code_of(failure_->kind);
  }

  // How it came to this.
  void say_last_events() {
    const auto& events = machine_.tracer().events();
    for (std::size_t i = events.size() - std::min(events.size(), kLastEvents); i < events.size();
         ++i) {
      Journal::Fields fields = event_fields(events[i]);
      fields.insert(fields.begin(), {"what", std::string(event_name(events[i].kind))});
      // As loud as what it explains.
      journal_.say(Level::kError, "last_event", fields);
    }
  }

  const Config& config_;
  const Security security_;
  const std::function<void(const Config&)>& reread_;
  Journal& journal_;
  const DataDirectory& directory_;
  const Signals& signals_;
  EventLoop loop_;
  std::optional<int> signal_;
  std::optional<StoreError> failure_;
  Metrics metrics_;
  Machine machine_;
  Node node_;
  Service service_;
  ClientPort client_port_;
  HttpPages pages_;
  std::unique_ptr<HttpPort> http_port_;
};

tl::expected<Daemon::Security, std::string> load_security(const Config& config) {
  if (!config.tls) return Daemon::Security{};
  auto members = Tls::load(config.tls->files);
  if (!members) return tl::unexpected(members.error());
  TlsFiles files = config.tls->files;
  files.authority = config.tls->client_authority;
  auto clients = Tls::load(files);
  if (!clients) return tl::unexpected(clients.error());
  return Daemon::Security{std::move(*members), std::move(*clients)};
}

}  // namespace

ExitCode run_daemon(const Config& config,
                    Journal& journal,
                    const std::function<void(const Config&)>& reread) {
  journal.say(Level::kInfo,
              "starting",
              {{"cluster", config.cluster_name},
               {"member", std::to_string(int{config.self->id.value})},
               {"data_directory", config.self->data_directory}});
  const auto security = load_security(config);
  if (!security) {
    journal.say(
        Level::kError,
        "cannot_use_certificates",
        {{"why", security.error()}, {"next", "mend that file, or [tls] in the configuration"}});
    return ExitCode::kUsage;
  }
  const Signals signals;
  signals.hold_back();
  const auto directory = DataDirectory::take(config);
  if (!directory) {
    journal.say(Level::kError,
                "cannot_use_directory",
                {{"why", directory.error().text},
                 {"next", std::string(advice_for(directory.error().kind))}});
    return exit_code_of(directory.error().kind);
  }
  const auto daemon = std::make_unique<Daemon>(config,
                                               Daemon::Surroundings{.security = *security,
                                                                    .reread = reread,
                                                                    .journal = journal,
                                                                    .directory = *directory,
                                                                    .signals = signals});
  const ExitCode code = daemon->run();
  journal.say(Level::kInfo, "ended", {{"exit_code", std::to_string(static_cast<int>(code))}});
  return code;
}

}  // namespace holdfast::real
