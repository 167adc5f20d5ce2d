#include "tools/cli_load.h"

#include <cstdio>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "real/server/units.h"

#include "tools/cli_call.h"
#include "tools/load_run.h"
#include "tools/sim_interrupt.h"

namespace holdfast::tools {
namespace {

using real::ExitCode;

constexpr const char* kFooter =
    "Closed loop by default: --outstanding appends are under way, and whenever one is done the "
    "next "
    "is\nsent. With --rate appends are due at even times, and each time is counted from when it "
    "was "
    "due.\nThe entries stay in the log.\n"
    "Exit codes: 0 done, 2 bad usage or configuration, 7 some appends failed, or the cluster did "
    "not keep up.";

constexpr std::size_t kConnectionsMax = 1000;
constexpr std::size_t kOutstandingMax = 100'000;
constexpr std::uint64_t kRateMax = 1'000'000;

struct Arguments : CommonArguments {
  std::size_t outstanding = 64;
  std::size_t connections = 1;
  std::string size = "100B";
  std::string time = "10s";
  std::string warm_up = "1s";
  std::uint64_t rate = 0;
};

double milliseconds(Duration time) {
  return static_cast<double>(time.ns()) / 1e6;
}

double seconds(Duration time) {
  return static_cast<double>(time.ns()) / 1e9;
}

constexpr std::pair<const char*, std::uint64_t> kPercentiles[] = {
    {"p50", 500}, {"p90", 900}, {"p99", 990}, {"p999", 999}};

std::string text_of(const LoadOptions& options, const LoadResult& result) {
  std::string text = fmt::format("{} appends of {} bytes in {:.1f} s: {:.0f}/s, {:.1f} MB/s\n",
                                 result.latencies.count(),
                                 options.bytes,
                                 seconds(result.time),
                                 result.throughput(),
                                 result.throughput() * static_cast<double>(options.bytes) / 1e6);
  for (const auto& [name, thousandths] : kPercentiles)
    text +=
        fmt::format("  {} {:.3f} ms", name, milliseconds(result.latencies.percentile(thousandths)));
  text += fmt::format("  max {:.3f} ms\n", milliseconds(result.latencies.max()));
  for (const auto& [name, count] : result.errors)
    text += fmt::format("  {}: {}\n", name, count);
  if (result.overloaded) text += "  the cluster does not keep up with this rate\n";
  return text;
}

std::string json_of(const LoadOptions& options, const LoadResult& result) {
  nlohmann::ordered_json json{{"schema", "holdfast/bench/1"},
                              {"loop", options.rate > 0 ? "open" : "closed"},
                              {"connections", options.connections},
                              {"bytes", options.bytes}};
  if (options.rate > 0) {
    json["rate"] = options.rate;
  } else {
    json["outstanding"] = options.outstanding;
  }
  json["seconds"] = seconds(result.time);
  json["appends"] = result.latencies.count();
  json["throughput"] = result.throughput();
  for (const auto& [name, thousandths] : kPercentiles)
    json[std::string(name) + "_ms"] = milliseconds(result.latencies.percentile(thousandths));
  json["max_ms"] = milliseconds(result.latencies.max());
  json["client_cpu_seconds"] = seconds(result.processor);
  json["errors"] = result.errors;
  json["overloaded"] = result.overloaded;
  return json.dump();
}

// What is wrong, or nothing.
std::string understand(const Arguments& arguments, LoadOptions& options) {
  const auto size = real::parse_size(arguments.size);
  if (!size) return "--size: " + size.error();
  const auto time = real::parse_duration(arguments.time);
  if (!time) return "--time: " + time.error();
  const auto warm_up = real::parse_duration(arguments.warm_up);
  if (!warm_up) return "--warm-up: " + warm_up.error();
  if (*time < Duration::milliseconds(100)) return "--time: wants at least 100ms";
  if (arguments.connections < 1 || arguments.connections > kConnectionsMax) {
    return fmt::format("--connections: wants 1 to {}", kConnectionsMax);
  }
  if (arguments.outstanding < arguments.connections || arguments.outstanding > kOutstandingMax) {
    return fmt::format("--outstanding: wants one for each connection, and at most {}",
                       kOutstandingMax);
  }
  if (arguments.rate > kRateMax) return fmt::format("--rate: wants at most {}", kRateMax);
  options.bytes = static_cast<std::size_t>(*size);
  options.time = *time;
  options.warm_up = *warm_up;
  options.connections = arguments.connections;
  options.outstanding = arguments.outstanding;
  options.rate = arguments.rate;
  return {};
}

int bench(Arguments arguments) {
  const auto call = prepare(arguments);
  if (!call) return static_cast<int>(ExitCode::kUsage);
  LoadOptions options;
  options.client = call->client;
  options.patience = call->patience;
  // In an open loop nothing bounds what is under way.
  if (arguments.rate > 0)
    arguments.outstanding = std::max(arguments.outstanding, arguments.connections);
  if (const auto wrong = understand(arguments, options); !wrong.empty()) {
    return complain(wrong, ExitCode::kUsage);
  }
  note_interrupts();
  const bool terminal = ::isatty(STDERR_FILENO) != 0;
  const LoadResult result = LoadRun(options).run([&](const LoadResult& so_far) {
    if (terminal && so_far.time > Duration()) {
      std::fprintf(stderr,
                   "\r%.0f s, %.0f/s, p99 %.3f ms ",
                   seconds(so_far.time),
                   so_far.throughput(),
                   milliseconds(so_far.latencies.percentile(990)));
    }
    return interrupt_signal() == 0;
  });
  if (terminal) std::fputs("\r\033[K", stderr);
  std::fputs((arguments.json ? json_of(options, result) + "\n" : text_of(options, result)).c_str(),
             stdout);
  const bool failed = !result.errors.empty() || result.overloaded || result.latencies.count() == 0;
  return static_cast<int>(failed ? ExitCode::kNoAnswer : ExitCode::kDone);
}

}  // namespace

void add_bench_command(CLI::App& app, const std::function<void(int exit_code)>& done) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      add_command(app, "bench", "Append as fast as it goes, and say how fast that is", *arguments);
  command->add_option("--outstanding", arguments->outstanding, "Appends under way in all")
      ->capture_default_str();
  command->add_option("--connections", arguments->connections, "To the coordinator")
      ->capture_default_str();
  command->add_option("--size", arguments->size, "Of each entry, as 100B or 1KiB")
      ->capture_default_str();
  command->add_option("--time", arguments->time, "How long it is counted")->capture_default_str();
  command->add_option("--warm-up", arguments->warm_up, "How long it is not counted at first")
      ->capture_default_str();
  command->add_option("--rate", arguments->rate, "Open loop: so many appends a second");
  command->add_flag("--json", arguments->json, "Print one JSON object (docs/operations.md)");
  command->footer(kFooter);
  command->callback([=] { done(bench(*arguments)); });
}

}  // namespace holdfast::tools
