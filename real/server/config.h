#pragma once

// The configuration file of a member, which its clients read as well (docs/operations.md).

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "protocol/options.h"

#include "real/client/client.h"
#include "real/ports/member_network.h"
#include "real/server/text_journal.h"

namespace holdfast::real {

struct Config {
  struct Member {
    NodeId id;
    // Where the other members reach it, and where clients do.
    Address address;
    Address client_address;
    // Where it answers metrics, probes and browsers, if it does.
    std::optional<Address> http_address;
    // Where it answers clients of the gRPC API, if it does.
    std::optional<Address> grpc_address = std::nullopt;
  };

  std::string cluster_name;
  std::uint64_t cluster = 0;
  std::uint64_t log = 1;
  // Ascending by id, not empty.
  std::vector<Member> members;

  // The member this file is for; none: the file is a client's, without a [member] table.
  struct Self {
    NodeId id;
    // Absolute.
    std::string data_directory;
  };

  std::optional<Self> self;

  // Absolute paths; none: in clear text.
  struct Security {
    // Of this member or client, and of those who sign the members.
    TlsFiles files;
    // Of those who sign the clients.
    std::string client_authority;
  };

  std::optional<Security> tls;

  LogOptions logging;

  // Where this is from, and what was read there.
  std::string file;
  std::string text;

  // Complete when there is a `self`.
  NodeOptions node;
  std::size_t write_buffer_bytes = 32 << 20;
  // What must be free on its file system for a coordinator to take appends.
  std::uint64_t disk_reserve_bytes = 64 << 20;

  // Requires: `id` is in the member list.
  const Member& member(NodeId id) const;

  // The longest frame a member sends another, or a client a member.
  std::size_t member_frame_bytes_max() const;
  // What may wait to be sent to one member: a window of the largest entries, if that is not too
  // much.
  std::size_t member_queue_bytes_max() const;
  std::size_t client_frame_bytes_max() const;

  // How to call the members, as a client.  The error names a file of [tls].
  tl::expected<ClientOptions, std::string> client_options() const;
};

struct ConfigError {
  std::string file;
  // 0: the error is not about a line.
  unsigned line = 0;
  // "members[2].address"; empty when the file as a whole is meant.
  std::string key;
  // What is wrong, and what to do.
  std::string text;

  // "FILE:LINE: KEY: TEXT".
  std::string to_text() const;
};

using ConfigErrors = std::vector<ConfigError>;

// Everything that is wrong at once, by line.
tl::expected<Config, ConfigErrors> load_config(const std::string& file);

// The same for the text of a file called `file`; relative paths are from the file's folder.
tl::expected<Config, ConfigErrors> parse_config(std::string_view text, const std::string& file);

}  // namespace holdfast::real
