#include "real/server/daemon.h"

#include <array>
#include <initializer_list>
#include <memory>
#include <optional>
#include <utility>

#include <signal.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "protocol/env/check.h"

#include "real/server/client_port.h"
#include "real/server/disk_watch.h"
#include "real/server/flight_record.h"
#include "real/server/http_pages.h"
#include "real/server/member.h"
#include "real/server/metrics.h"
#include "real/server/service.h"

namespace holdfast::real {
namespace {

// How long requests under way may take to end after SIGTERM.
constexpr Duration kWindDown = Duration::seconds(2);
// For the last answers to leave.
constexpr Duration kFarewell = Duration::milliseconds(20);

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

  // Waits so long, while they are held back; false: it is to end.
  bool pause(Duration time) const {
    sigset_t ends;
    ::sigemptyset(&ends);
    ::sigaddset(&ends, SIGTERM);
    ::sigaddset(&ends, SIGINT);

    const struct timespec most {
      .tv_sec = time.ns() / 1'000'000'000, .tv_nsec = time.ns() % 1'000'000'000
    };

    return ::sigtimedwait(&ends, nullptr, &most) < 0;
  }

  void hold_back() const { ::pthread_sigmask(SIG_BLOCK, &set_, nullptr); }

  void take() const { ::pthread_sigmask(SIG_UNBLOCK, &set_, nullptr); }

  static constexpr std::initializer_list<int> kNumbers{SIGTERM, SIGINT, SIGHUP};

 private:
  sigset_t set_;
};

// A program that crashes at once whenever it starts must not take the machine with it.
bool pause_in_crash_loop(const FlightRecord& flight, const Signals& signals, Journal& journal) {
  const Duration pause = pause_after(flight.crashes());
  if (pause == Duration()) return true;
  journal.say(Level::kError,
              "crash_loop",
              {{"crashes_in_a_row", std::to_string(flight.crashes())},
               {"pause", std::to_string(pause.ns() / 1'000'000'000) + "s"},
               {"next",
                "report what `holdfast-sim flight` shows of flight.crashed; the member "
                "starts after the pause"}});
  maybe(::sd_notify(0, "STATUS=paused after crashes in a row\nEXTEND_TIMEOUT_USEC=90000000") > 0);
  return signals.pause(pause);
}

// One life of a member, with everything around it.
class Daemon {
 public:
  // What is given outlives it.  Requires: the signals are held back.
  Daemon(const Config& config,
         const DaemonOptions& options,
         Journal& journal,
         const Signals& signals,
         Member& member)
      : config_(config),
        options_(options),
        journal_(journal),
        signals_(signals),
        member_(member),
        metrics_(config.cluster_name, config.self->id),
        disk_(member.loop(),
              journal_,
              config.disk_reserve_bytes,
              DiskWatch::free_bytes_of(config.self->data_directory)),
        service_(member.node(),
                 member.loop(),
                 member.machine(),
                 {.disk = &disk_, .recording = member.recording()}),
        client_port_(member.loop(),
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
    if (door_ != nullptr) door_->close();
    member_.end();
  }

  ExitCode run() {
    member_.loop().catch_signals(Signals::kNumbers, [this](int number) {
      if (number == SIGHUP) return reload();
      signal_ = number;
    });
    if (const auto opened = client_port_.open(); !opened) return address_failed(opened.error());
    if (const auto opened = open_http_port(); !opened) return address_failed(opened.error());
    if (const auto opened = open_door(); !opened) return address_failed(opened.error());
    if (const auto booted = member_.boot(callbacks()); !booted) return booted.error();
    member_.flight().catch_crashes();
    disk_.begin();
    signals_.take();
    member_.run_until([this] { return signal_.has_value(); });
    if (!member_.failed()) wind_down();
    return member_.end();
  }

 private:
  Member::Callbacks callbacks() {
    return {.ready = [this] { on_ready(); },
            .elected = [this] { service_.on_term(); },
            .lost = [this] { service_.on_term(); },
            .watch =
                [this](const TracedEvent& event) {
                  metrics_.on_event(event);
                  if (event.kind == EventKind::kLearned) service_.on_learned();
                },
            .watch_jobs = [this](Lane lane,
                                 Duration waited,
                                 Duration ran) { metrics_.job_ended(lane, waited, ran); }};
  }

  ClientPortOptions client_port_options() const {
    ClientPortOptions options;
    options.address = config_.member(config_.self->id).client_address;
    options.hello = {.party = Party::kClient,
                     .cluster = config_.cluster,
                     .log = config_.log,
                     .sender = config_.self->id};
    options.limits.frame_bytes_max = config_.client_frame_bytes_max();
    options.tls = member_.security().clients;
    return options;
  }

  tl::expected<void, std::string> open_http_port() {
    const auto& address = config_.member(config_.self->id).http_address;
    if (!address) return {};
    auto port = HttpPort::open(member_.loop(), *address, {}, [this](std::string_view path) {
      return pages_.answer(path);
    });
    if (!port) return tl::unexpected(port.error());
    http_port_ = std::move(*port);
    return {};
  }

  tl::expected<void, std::string> open_door() {
    if (!options_.open_door) return {};
    auto door = options_.open_door(
        member_.loop(), journal_, config_, [this](Request request, ClientPort::Reply reply) {
          handle(std::move(request), std::move(reply));
        });
    if (!door) return tl::unexpected(door.error());
    door_ = std::move(*door);
    return {};
  }

  void handle(Request request, ClientPort::Reply reply) {
    const Instant came = member_.loop().now();
    const std::size_t kind = request.body.index();
    service_.handle(std::move(request),
                    [this, came, kind, reply = std::move(reply)](const Response& response) {
                      metrics_.answered(kind, response, member_.loop().now() - came);
                      reply(response);
                    });
  }

  MetricsMoment moment() const {
    return {.status = service_.status(),
            .network = member_.machine().network().counters(),
            .clients_refused = client_port_.refused(),
            .requests_waiting = requests_waiting(),
            .jobs_pending = member_.machine().jobs_pending(),
            .disk_free_bytes = disk_.free_bytes(),
            .disk_is_low = disk_.is_low()};
  }

  std::size_t requests_waiting() const {
    return client_port_.waiting() + (door_ == nullptr ? 0 : door_->waiting());
  }

  // Certificates are read again; connections that stand keep theirs.
  void reload() {
    const auto config = load_config(config_.file);
    if (config) {
      if (options_.reread) options_.reread(*config);
    } else {
      for (const ConfigError& error : config.error())
        journal_.say(Level::kError, "configuration_refused", {{"why", error.to_text()}});
    }
    const Security& security = member_.security();
    if (security.members == nullptr) {
      journal_.say(Level::kInfo, "certificates_read", {{"tls", "off"}});
    } else if (const auto done = Tls::reload(std::array{security.members, security.clients});
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
    const Config::Member& member = config_.member(config_.self->id);
    journal_.say(Level::kInfo,
                 "ready",
                 {{"member", std::to_string(int{member.id.value})},
                  {"address", member.address.text()},
                  {"client_address", member.client_address.text()},
                  {"http_address", member.http_address ? member.http_address->text() : "none"},
                  {"grpc_address", member.grpc_address ? member.grpc_address->text() : "none"}});
    maybe(::sd_notify(0, "READY=1") > 0);
  }

  void wind_down() {
    journal_.say(Level::kInfo, "stopping", {{"signal", ::sigabbrev_np(*signal_)}});
    maybe(::sd_notify(0, "STOPPING=1") > 0);
    client_port_.wind_down();
    if (door_ != nullptr) door_->wind_down();
    member_.run_for(kWindDown, [this] { return requests_waiting() == 0; });
    member_.run_for(kFarewell, [] { return false; });
  }

  ExitCode address_failed(const std::string& why) {
    journal_.say(Level::kError, "cannot_listen", {{"why", why}});
    return ExitCode::kAddress;
  }

  const Config& config_;
  const DaemonOptions& options_;
  Journal& journal_;
  const Signals& signals_;
  Member& member_;
  std::optional<int> signal_;
  Metrics metrics_;
  DiskWatch disk_;
  Service service_;
  ClientPort client_port_;
  HttpPages pages_;
  std::unique_ptr<HttpPort> http_port_;
  std::unique_ptr<ClientDoor> door_;
};

}  // namespace

ExitCode run_daemon(const Config& config, Journal& journal, const DaemonOptions& options) {
  journal.say(Level::kInfo,
              "starting",
              {{"cluster", config.cluster_name},
               {"member", std::to_string(int{config.self->id.value})},
               {"data_directory", config.self->data_directory}});
  const Signals signals;
  signals.hold_back();
  const auto member = Member::open(config, journal, options.extras);
  if (!member) return member.error();
  if (!options.trace_file.empty()) {
    if (const auto traced = (*member)->trace_to(options.trace_file); !traced) {
      journal.say(Level::kError, "cannot_trace", {{"why", traced.error()}});
      return ExitCode::kUsage;
    }
  }
  if (!pause_in_crash_loop((*member)->flight(), signals, journal)) return (*member)->end();
  const auto daemon = std::make_unique<Daemon>(config, options, journal, signals, **member);
  const ExitCode code = daemon->run();
  journal.say(Level::kInfo, "ended", {{"exit_code", std::to_string(static_cast<int>(code))}});
  return code;
}

}  // namespace holdfast::real
