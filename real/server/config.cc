#include "real/server/config.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <system_error>
#include <utility>
#include <variant>

#include <toml++/toml.h>

#include "protocol/env/check.h"

#include "real/client/codec.h"
#include "real/ports/system_text.h"
#include "real/server/units.h"

namespace holdfast::real {
namespace {

constexpr std::size_t kNameBytesMax = 64;
constexpr std::size_t kMembersMax = 255;
// What a frame between members holds per position besides the entry's bytes, at most, and once.
constexpr std::size_t kPositionOverheadBytes = 256;
constexpr std::size_t kFrameOverheadBytes = 64 << 10;

// One key of [tunables]: its name is that of the option it sets.
struct Tunable {
  std::string_view name;
  std::variant<std::size_t NodeOptions::*, Duration NodeOptions::*> option;
  enum class Unit : std::uint8_t { kCount, kBytes, kTime } unit;
  // Bytes and counts: the most that is taken.
  std::uint64_t max = 0;
};

using Unit = Tunable::Unit;

constexpr std::uint64_t kBytesMax = 64 << 20;
// More than is under way between two syncs of a fast disk: then syncs set the pace, and not it.
constexpr std::size_t kWindow = 256;

const Tunable kTunables[] = {
    {"window", &NodeOptions::window, Unit::kCount, 4096},
    {"key_positions", &NodeOptions::key_positions, Unit::kCount, 65'536},
    {"entry_bytes_max", &NodeOptions::entry_bytes_max, Unit::kBytes, kBytesMax},
    {"resend_min", &NodeOptions::resend_min, Unit::kTime},
    {"resend_max", &NodeOptions::resend_max, Unit::kTime},
    {"election_deadline", &NodeOptions::election_deadline, Unit::kTime},
    {"write_deadline", &NodeOptions::write_deadline, Unit::kTime},
    {"backoff", &NodeOptions::backoff, Unit::kTime},
    {"heartbeat_interval", &NodeOptions::heartbeat_interval, Unit::kTime},
    {"election_timeout", &NodeOptions::election_timeout, Unit::kTime},
    {"chosen_interval", &NodeOptions::chosen_interval, Unit::kTime},
    {"fetch_delay", &NodeOptions::fetch_delay, Unit::kTime},
    {"fetch_pause", &NodeOptions::fetch_pause, Unit::kTime},
    {"fetch_positions_max", &NodeOptions::fetch_positions_max, Unit::kCount, 65'536},
    {"fetch_bytes_max", &NodeOptions::fetch_bytes_max, Unit::kBytes, kBytesMax},
    {"fetches_in_flight", &NodeOptions::fetches_in_flight, Unit::kCount, 64},
    {"fills_in_flight", &NodeOptions::fills_in_flight, Unit::kCount, 256},
    {"recovery_deadline", &NodeOptions::recovery_deadline, Unit::kTime},
    {"recovery_pause", &NodeOptions::recovery_pause, Unit::kTime},
    {"close_deadline", &NodeOptions::close_deadline, Unit::kTime},
    {"erase_records_max", &NodeOptions::erase_records_max, Unit::kCount, 65'536},
    {"rounds_per_reservation", &NodeOptions::rounds_per_reservation, Unit::kCount, 1 << 20},
    {"reads_in_flight_max", &NodeOptions::reads_in_flight_max, Unit::kCount, 4096},
};

constexpr Duration kTimeMax = Duration::seconds(3'600);

// Walks one file's tables and gathers what is wrong.
class Loader {
 public:
  Loader(const toml::table& root, const std::string& file) : root_(root), file_(file) {
    config_.node.window = kWindow;
    config_.file = file;
  }

  tl::expected<Config, ConfigErrors> load() {
    known(root_, "", {"cluster", "log", "member", "members", "store", "tls", "tunables"});
    if (const auto* cluster = table(root_, "cluster", Need::kRequired)) load_cluster(*cluster);
    load_members();
    if (const auto* member = table(root_, "member", Need::kOptional)) load_self(*member);
    if (const auto* store = table(root_, "store", Need::kOptional)) load_store(*store);
    if (const auto* tls = table(root_, "tls", Need::kOptional)) load_tls(*tls);
    if (const auto* log = table(root_, "log", Need::kOptional)) load_log(*log);
    const auto* tunables = table(root_, "tunables", Need::kOptional);
    if (tunables != nullptr) load_tunables(*tunables);
    if (errors_.empty()) finish();
    if (errors_.empty()) return std::move(config_);
    std::stable_sort(errors_.begin(), errors_.end(), [](const auto& a, const auto& b) {
      return a.line < b.line;
    });
    return tl::unexpected(std::move(errors_));
  }

 private:
  enum class Need : std::uint8_t { kRequired, kOptional };

  void fail(const toml::node& where, const std::string& key, const std::string& text) {
    errors_.push_back({file_, where.source().begin.line, key, text});
  }

  static std::string join(const std::string& prefix, std::string_view key) {
    return (prefix.empty() ? "" : prefix + ".").append(key);
  }

  void known(const toml::table& in,
             const std::string& prefix,
             const std::vector<std::string_view>& keys) {
    for (const auto& [key, value] : in) {
      if (std::find(keys.begin(), keys.end(), key.str()) != keys.end()) continue;
      std::string text = "there is no such key; here may stand";
      for (std::size_t i = 0; i < keys.size(); ++i)
        text.append(i == 0 ? " " : ", ").append(keys[i]);
      errors_.push_back({file_, key.source().begin.line, join(prefix, key.str()), std::move(text)});
    }
  }

  // None when it is missing or of the wrong type; both have been said then.
  template <typename T>
  const toml::node* find(const toml::table& in,
                         const std::string& key,
                         std::string_view type,
                         Need need) {
    const std::string full = join(prefix_, key);
    const toml::node* node = in.get(key);
    if (node == nullptr) {
      if (need == Need::kRequired) fail(in, full, "is missing; it wants " + std::string(type));
      return nullptr;
    }
    if (node->is<T>()) return node;
    fail(*node, full, "wants " + std::string(type));
    return nullptr;
  }

  const toml::table* table(const toml::table& in, const std::string& key, Need need) {
    prefix_.clear();
    const auto* node = find<toml::table>(in, key, "a table: [" + key + "]", need);
    return node == nullptr ? nullptr : node->as_table();
  }

  std::optional<std::uint64_t> number(const toml::table& in,
                                      const std::string& key,
                                      std::uint64_t max,
                                      Need need) {
    const std::string type = "a whole number from 1 to " + std::to_string(max);
    const auto* node = find<std::int64_t>(in, key, type, need);
    if (node == nullptr) return std::nullopt;
    const std::int64_t value = **node->as_integer();
    if (value >= 1 && static_cast<std::uint64_t>(value) <= max) return value;
    fail(*node, join(prefix_, key), "wants " + type + ", not " + std::to_string(value));
    return std::nullopt;
  }

  std::optional<std::string> text(const toml::table& in,
                                  const std::string& key,
                                  std::string_view type,
                                  Need need) {
    const auto* node = find<std::string>(in, key, type, need);
    if (node == nullptr) return std::nullopt;
    return **node->as_string();
  }

  // A text that `parse` understands.
  template <typename Parse>
  auto parsed(
      const toml::table& in, const std::string& key, std::string_view type, Need need, Parse parse)
      -> std::optional<typename decltype(parse(std::string_view()))::value_type> {
    const auto written = text(in, key, type, need);
    if (!written) return std::nullopt;
    auto value = parse(*written);
    if (value) return *value;
    fail(*in.get(key), join(prefix_, key), value.error());
    return std::nullopt;
  }

  void load_cluster(const toml::table& cluster) {
    prefix_ = "cluster";
    known(cluster, prefix_, {"id", "name", "log", "initialise", "preference"});
    constexpr std::uint64_t kMax = INT64_MAX;
    config_.cluster = number(cluster, "id", kMax, Need::kRequired).value_or(0);
    config_.log = number(cluster, "log", kMax, Need::kOptional).value_or(1);
    config_.cluster_name =
        text(cluster, "name", "a text of at most 64 bytes", Need::kRequired).value_or("");
    if (config_.cluster_name.size() > kNameBytesMax) {
      fail(*cluster.get("name"), "cluster.name", "wants a text of at most 64 bytes");
    }
    const std::string type = "\"manual\" or \"auto\"";
    const auto initialise = text(cluster, "initialise", type, Need::kOptional);
    if (initialise == "auto") {
      config_.node.auto_initialise = AutoInitialise::kOn;
    } else if (initialise && *initialise != "manual") {
      fail(*cluster.get("initialise"), "cluster.initialise", "wants " + type);
    }
    load_preference(cluster);
  }

  // Whether its members exist, and none is named twice, NodeOptions::invalid() says.
  void load_preference(const toml::table& cluster) {
    const std::string type = "a list of member ids, the most preferred first";
    const auto* node = find<toml::array>(cluster, "preference", type, Need::kOptional);
    if (node == nullptr) return;
    for (const toml::node& entry : *node->as_array()) {
      const std::int64_t id = entry.value_or(std::int64_t{0});
      if (id < 1 || id > static_cast<std::int64_t>(kMembersMax)) {
        fail(entry, "cluster.preference", "wants " + type);
        continue;
      }
      config_.node.preference.push_back(NodeId{static_cast<std::uint8_t>(id)});
    }
  }

  void load_members() {
    prefix_.clear();
    const std::string type = "one [[members]] table per member";
    const auto* node = find<toml::array>(root_, "members", type, Need::kRequired);
    if (node == nullptr) return;
    const toml::array& array = *node->as_array();
    if (array.empty() || array.size() > kMembersMax) {
      fail(array, "members", "wants 1 to 255 members, not " + std::to_string(array.size()));
    }
    for (std::size_t i = 0; i < array.size(); ++i) {
      const std::string name = "members[" + std::to_string(i + 1) + "]";
      if (const auto* member = array.get(i)->as_table()) {
        prefix_ = name;
        load_member(*member);
      } else {
        fail(*array.get(i), name, "wants a table: write [[members]]");
      }
    }
    std::sort(config_.members.begin(), config_.members.end(), [](const auto& a, const auto& b) {
      return a.id < b.id;
    });
  }

  void load_member(const toml::table& member) {
    known(member, prefix_, {"id", "address", "client_address", "http_address", "grpc_address"});
    const auto id = number(member, "id", kMembersMax, Need::kRequired);
    const auto address = load_address(member, "address", Need::kRequired);
    const auto client_address = load_address(member, "client_address", Need::kRequired);
    const auto http_address = load_address(member, "http_address", Need::kOptional);
    const auto grpc_address = load_address(member, "grpc_address", Need::kOptional);
    if (!id || !address || !client_address) return;
    const NodeId node{static_cast<std::uint8_t>(*id)};
    if (std::any_of(config_.members.begin(), config_.members.end(), [node](const auto& other) {
          return other.id == node;
        })) {
      fail(
          *member.get("id"), join(prefix_, "id"), "two members have the id " + std::to_string(*id));
    }
    config_.members.push_back({node, *address, *client_address, http_address, grpc_address});
  }

  std::optional<Address> load_address(const toml::table& member,
                                      const std::string& key,
                                      Need need) {
    auto address = parsed(member, key, "a text HOST:PORT", need, Address::parse);
    if (!address) return std::nullopt;
    const std::string full = join(prefix_, key);
    if (address->port == 0) {
      fail(*member.get(key), full, "wants a port, so that others know where to call");
      return std::nullopt;
    }
    if (!addresses_.insert(address->text()).second) {
      fail(*member.get(key), full, address->text() + " is used twice; every port needs its own");
    }
    return address;
  }

  void load_self(const toml::table& member) {
    prefix_ = "member";
    known(member, prefix_, {"id", "data_directory"});
    const auto id = number(member, "id", kMembersMax, Need::kRequired);
    const auto directory =
        text(member, "data_directory", "a text: the path of a directory", Need::kRequired);
    if (directory && directory->empty()) {
      fail(*member.get("data_directory"), "member.data_directory", "wants the path of a directory");
      return;
    }
    if (!id || !directory) return;
    const NodeId self{static_cast<std::uint8_t>(*id)};
    if (std::none_of(config_.members.begin(), config_.members.end(), [self](const auto& other) {
          return other.id == self;
        })) {
      fail(*member.get("id"),
           "member.id",
           "no [[members]] has the id " + std::to_string(*id) + "; add it, or name one of them");
    }
    config_.self = Config::Self{self, absolute(*directory)};
  }

  // From the file's folder.
  std::string absolute(const std::string& path) const {
    const auto folder = std::filesystem::absolute(file_).parent_path();
    return (folder / path).lexically_normal().string();
  }

  void load_tls(const toml::table& tls) {
    prefix_ = "tls";
    known(tls, prefix_, {"certificate", "key", "authority", "client_authority"});
    const auto path = [&](const char* key, Need need) {
      const std::string type = "a text: the path of a PEM file";
      const auto written = text(tls, key, type, need);
      if (written && written->empty()) fail(*tls.get(key), join(prefix_, key), "wants " + type);
      return written ? absolute(*written) : std::string();
    };
    Config::Security security{.files = {.certificate = path("certificate", Need::kRequired),
                                        .key = path("key", Need::kRequired),
                                        .authority = path("authority", Need::kRequired)},
                              .client_authority = path("client_authority", Need::kOptional)};
    if (security.client_authority.empty()) security.client_authority = security.files.authority;
    config_.tls = std::move(security);
  }

  void load_store(const toml::table& store) {
    prefix_ = "store";
    known(store, prefix_, {"write_buffer", "reserve"});
    const auto reserve =
        parsed(store, "reserve", "a size like \"64MiB\"", Need::kOptional, parse_size);
    if (reserve) config_.disk_reserve_bytes = *reserve;
    const auto bytes =
        parsed(store, "write_buffer", "a size like \"4MiB\"", Need::kOptional, parse_size);
    if (!bytes) return;
    if (*bytes < (64 << 10) || *bytes > (1 << 30)) {
      fail(*store.get("write_buffer"), "store.write_buffer", "wants 64KiB to 1GiB");
    }
    config_.write_buffer_bytes = *bytes;
  }

  void load_log(const toml::table& log) {
    prefix_ = "log";
    known(log, prefix_, {"format", "level"});
    const std::string formats = "\"text\" or \"json\"";
    const auto format = text(log, "format", formats, Need::kOptional);
    config_.logging.json = format == "json";
    if (format && *format != "json" && *format != "text") {
      fail(*log.get("format"), "log.format", "wants " + formats);
    }
    const std::string levels = "\"info\", \"warning\" or \"error\"";
    const auto level = text(log, "level", levels, Need::kOptional);
    if (level == "warning") {
      config_.logging.lowest = Level::kWarning;
    } else if (level == "error") {
      config_.logging.lowest = Level::kError;
    } else if (level && *level != "info") {
      fail(*log.get("level"), "log.level", "wants " + levels);
    }
  }

  void load_tunables(const toml::table& tunables) {
    prefix_ = "tunables";
    std::vector<std::string_view> names;
    for (const Tunable& tunable : kTunables)
      names.push_back(tunable.name);
    known(tunables, prefix_, names);
    for (const Tunable& tunable : kTunables) {
      const std::string key(tunable.name);
      if (tunable.unit == Unit::kTime) {
        set_time(tunables, key, std::get<Duration NodeOptions::*>(tunable.option));
      } else {
        set_count(tunables, key, tunable);
      }
    }
  }

  void set_time(const toml::table& in, const std::string& key, Duration NodeOptions::*option) {
    const auto time = parsed(in, key, "a time like \"250ms\"", Need::kOptional, parse_duration);
    if (!time) return;
    if (*time > kTimeMax) fail(*in.get(key), join(prefix_, key), "wants at most one hour");
    config_.node.*option = *time;
  }

  void set_count(const toml::table& in, const std::string& key, const Tunable& tunable) {
    const auto value = tunable.unit == Unit::kBytes
                           ? parsed(in, key, "a size like \"256KiB\"", Need::kOptional, parse_size)
                           : number(in, key, tunable.max, Need::kOptional);
    if (!value) return;
    if (*value > tunable.max) {
      fail(*in.get(key),
           join(prefix_, key),
           "wants at most " + std::to_string(tunable.max) + " bytes");
    }
    config_.node.*std::get<std::size_t NodeOptions::*>(tunable.option) = *value;
  }

  // What only the whole can tell.
  void finish() {
    NodeOptions& node = config_.node;
    std::vector<NodeId> ids;
    for (const Config::Member& member : config_.members)
      ids.push_back(member.id);
    node.elections = Elections::kByElector;
    node.cluster = config_.cluster;
    node.log = config_.log;
    node.self = config_.self ? config_.self->id : ids.front();
    node.membership = Membership(std::move(ids));
    const std::string wrong = node.invalid();
    if (wrong.empty()) return;
    // "KEY: what is wrong"; several keys may be named, and none may stand in the file.
    const std::string key = wrong.substr(0, wrong.find_first_of(":,"));
    const std::string text = wrong.substr(wrong.find(':') + 2);
    const std::string table = key == "preference" ? "cluster" : "tunables";
    const auto at = root_[table][key];
    fail(at ? *at.node() : static_cast<const toml::node&>(root_), table + "." + key, text);
  }

  const toml::table& root_;
  const std::string& file_;
  std::string prefix_;
  std::set<std::string> addresses_;
  Config config_;
  ConfigErrors errors_;
};

}  // namespace

const Config::Member& Config::member(NodeId id) const {
  const auto found = std::find_if(
      members.begin(), members.end(), [id](const Member& member) { return member.id == id; });
  HOLDFAST_REQUIRE(found != members.end(), id);
  return *found;
}

std::size_t Config::member_frame_bytes_max() const {
  return node.entry_bytes_max + node.fetch_bytes_max +
         node.fetch_positions_max * kPositionOverheadBytes + kFrameOverheadBytes;
}

std::size_t Config::member_queue_bytes_max() const {
  constexpr std::size_t kLeast = 64 << 20;
  constexpr std::size_t kMost = 256 << 20;
  return std::clamp(node.window * node.entry_bytes_max, kLeast, kMost);
}

std::size_t Config::client_frame_bytes_max() const {
  return node.entry_bytes_max + kClientOverheadBytes;
}

tl::expected<ClientOptions, std::string> Config::client_options() const {
  ClientOptions options{.cluster = cluster, .log = log};
  if (tls) {
    auto loaded = Tls::load(tls->files);
    if (!loaded) return tl::unexpected(std::move(loaded.error()));
    options.tls = std::move(*loaded);
  }
  for (const Member& member : members)
    options.members.push_back({member.id, member.client_address});
  return options;
}

std::string ConfigError::to_text() const {
  std::string out = file;
  if (line != 0) out.append(":").append(std::to_string(line));
  out.append(": ");
  if (!key.empty()) out.append(key).append(": ");
  return out.append(text);
}

tl::expected<Config, ConfigErrors> load_config(const std::string& file) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> in(std::fopen(file.c_str(), "r"),
                                                           std::fclose);
  std::string text;
  bool failed = in == nullptr;
  std::array<char, 4096> part{};
  while (!failed && std::feof(in.get()) == 0) {
    text.append(part.data(), std::fread(part.data(), 1, part.size(), in.get()));
    failed = std::ferror(in.get()) != 0;
  }
  if (!failed) return parse_config(text, file);
  const std::string why = system_text(errno);
  return tl::unexpected(ConfigErrors{{file, 0, "", "cannot be read: " + why}});
}

tl::expected<Config, ConfigErrors> parse_config(std::string_view text, const std::string& file) {
  try {
    const toml::table root = toml::parse(text, file);
    auto config = Loader(root, file).load();
    if (config) config->text = text;
    return config;
  } catch (const toml::parse_error& error) {
    return tl::unexpected(ConfigErrors{
        {file, error.source().begin.line, "", "is no TOML: " + std::string(error.description())}});
  }
}

}  // namespace holdfast::real
