#include "real/server/config.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast::real {
namespace {

using ::testing::HasSubstr;

constexpr const char* kCluster = R"([cluster]
id = 4711
name = "demo"
)";
constexpr const char* kMember = R"([member]
id = 2
data_directory = "data"
)";
constexpr const char* kMembers = R"([[members]]
id = 2
address = "127.0.0.1:7002"
client_address = "127.0.0.1:7102"
[[members]]
id = 1
address = "127.0.0.1:7001"
client_address = "127.0.0.1:7101"
)";

std::string sound() {
  return std::string(kCluster) + kMember + kMembers;
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), with);
}

// All errors, one per line.
std::string errors_of(const std::string& text) {
  const auto config = parse_config(text, "/etc/holdfast/m.toml");
  if (config) return "no error";
  std::string all;
  for (const ConfigError& error : config.error())
    all.append(error.to_text()).append("\n");
  return all;
}

TEST(Config, ASoundFileIsRead) {
  const auto config = parse_config(sound() + R"([tunables]
window = 8
entry_bytes_max = "64KiB"
resend_min = "20ms"
[store]
write_buffer = "1MiB"
reserve = "3MiB"
)",
                                   "/etc/holdfast/m.toml");
  ASSERT_TRUE(config.has_value()) << errors_of(sound());
  EXPECT_EQ(config->cluster, 4711u);
  EXPECT_EQ(config->cluster_name, "demo");
  EXPECT_EQ(config->log, 1u);
  ASSERT_EQ(config->members.size(), 2u);
  EXPECT_EQ(config->members[0].id, NodeId{1}) << "members are sorted";
  EXPECT_EQ(config->member(NodeId{2}).client_address.text(), "127.0.0.1:7102");
  EXPECT_EQ(config->self->data_directory, "/etc/holdfast/data") << "relative to the file";
  EXPECT_EQ(config->node.self, NodeId{2});
  EXPECT_EQ(config->node.cluster, 4711u);
  EXPECT_EQ(config->node.membership.digest(), Membership({NodeId{1}, NodeId{2}}).digest());
  EXPECT_EQ(config->node.elections, Elections::kByElector);
  EXPECT_EQ(config->node.window, 8u);
  EXPECT_EQ(config->node.entry_bytes_max, 64u << 10);
  EXPECT_EQ(config->node.resend_min, Duration::milliseconds(20));
  EXPECT_EQ(config->write_buffer_bytes, 1u << 20);
  EXPECT_EQ(config->disk_reserve_bytes, 3u << 20);
  EXPECT_EQ(config->client_options()->members[0].address.port, 7101);
}

TEST(Config, TunablesDefaultToThoseOfTheProtocolButForTheWindow) {
  const auto config = parse_config(sound(), "m.toml");
  ASSERT_TRUE(config.has_value());
  EXPECT_EQ(config->node.window, 256u);
  EXPECT_EQ(config->member_queue_bytes_max(), std::size_t{256} << 20);
  EXPECT_EQ(config->node.write_deadline, NodeOptions{}.write_deadline);
}

TEST(Config, InitialisationIsManualUnlessAutomatic) {
  const auto automatic = [](const char* line) {
    const auto config =
        parse_config(replaced(sound(), "\"demo\"", std::string("\"demo\"\n") + line), "m.toml");
    EXPECT_TRUE(config.has_value());
    return config && config->node.auto_initialise == AutoInitialise::kOn;
  };
  EXPECT_FALSE(automatic(""));
  EXPECT_FALSE(automatic("initialise = \"manual\""));
  EXPECT_TRUE(automatic("initialise = \"auto\""));
}

TEST(Config, AClientsFileHasNoMember) {
  const auto config = parse_config(std::string(kCluster) + kMembers, "c.toml");
  ASSERT_TRUE(config.has_value());
  EXPECT_FALSE(config->self.has_value());
}

TEST(Config, ErrorsNameFileLineKeyAndWhatToDo) {
  EXPECT_EQ(errors_of(replaced(sound(), "id = 4711", "id = 0")),
            "/etc/holdfast/m.toml:2: cluster.id: wants a whole number from 1 to "
            "9223372036854775807, not 0\n");
  EXPECT_EQ(
      errors_of(replaced(sound(), "name =", "nmae =")),
      "/etc/holdfast/m.toml:1: cluster.name: is missing; it wants a text of at most 64 bytes\n"
      "/etc/holdfast/m.toml:3: cluster.nmae: there is no such key; here may stand id, name, "
      "log, initialise, preference\n");
}

TEST(Config, FilesThatCannotBeReadAreNamed) {
  const auto error_of = [](const std::string& file) {
    const auto config = load_config(file);
    return config ? std::string() : config.error().front().to_text();
  };
  EXPECT_EQ(error_of("/nowhere/m.toml"),
            "/nowhere/m.toml: cannot be read: No such file or directory");
  EXPECT_EQ(error_of("/"), "/: cannot be read: Is a directory");
  // An empty one can.
  EXPECT_EQ(error_of("/dev/null"), "/dev/null:1: cluster: is missing; it wants a table: [cluster]");
}

struct Mistake {
  const char* what;
  const char* with;
  const char* said;
};

class ConfigMistakes : public ::testing::TestWithParam<Mistake> {};

TEST_P(ConfigMistakes, AreNamed) {
  const auto& [what, with, said] = GetParam();
  EXPECT_THAT(errors_of(replaced(sound(), what, with)), HasSubstr(said));
}

INSTANTIATE_TEST_SUITE_P(
    All,
    ConfigMistakes,
    ::testing::Values(
        Mistake{"id = 4711", "id = \"4711\"", "m.toml:2: cluster.id: wants a whole number"},
        Mistake{"id = 4711", "id = 4711 4712", "m.toml:2: is no TOML"},
        Mistake{"id = 4711", "", "cluster.id: is missing"},
        Mistake{"[cluster]", "[claster]", "claster: there is no such key"},
        Mistake{"[cluster]", "[claster]", "cluster: is missing; it wants a table: [cluster]"},
        Mistake{"\"demo\"", "\"demo\"\ninitialise = \"maybe\"", "m.toml:4: cluster.initialise"},
        Mistake{"\"demo\"", "3", "m.toml:3: cluster.name: wants a text"},
        Mistake{"[member]\nid = 2", "[member]\nid = 3", "member.id: no [[members]] has the id 3"},
        Mistake{
            "[member]\nid = 2", "[member]\nid = 256", "m.toml:5: member.id: wants a whole number"},
        Mistake{"\"data\"", "\"\"", "member.data_directory: wants the path of a directory"},
        Mistake{"\"data\"", "[]", "member.data_directory: wants a text"},
        Mistake{"data_directory", "datadir", "m.toml:6: member.datadir: there is no such key"},
        Mistake{"id = 1", "id = 2", "m.toml:12: members[2].id: two members have the id 2"},
        Mistake{"127.0.0.1:7001", "127.0.0.1", "members[2].address: \"127.0.0.1\" is no address"},
        Mistake{"127.0.0.1:7001", "127.0.0.1:0", "members[2].address: wants a port"},
        Mistake{"127.0.0.1:7001", "127.0.0.1:7102", "127.0.0.1:7102 is used twice"},
        Mistake{"client_address", "clientaddress", "members[1].client_address: is missing"},
        Mistake{
            "\"demo\"", "\"demo\"\npreference = [1, 3]", "m.toml:4: cluster.preference: member 3"},
        Mistake{
            "\"demo\"", "\"demo\"\npreference = [1, 1]", "cluster.preference: member 1 is named"},
        Mistake{
            "\"demo\"", "\"demo\"\npreference = [\"1\"]", "m.toml:4: cluster.preference: wants"},
        Mistake{
            "\"demo\"", "\"demo\"\npreference = 1", "m.toml:4: cluster.preference: wants a list"},
        Mistake{"[cluster]",
                "[tunables]\nelection_timeout = \"200ms\"\n[cluster]",
                "m.toml:2: tunables.election_timeout: must be at least 3 heartbeat_interval"},
        Mistake{"[cluster]", "[store]\nwrite_buffer = \"1B\"\n[cluster]", "store.write_buffer"},
        Mistake{"[cluster]", "[store]\nreserve = 5\n[cluster]", "store.reserve"},
        Mistake{"[cluster]", "[tunables]\nwindow = 4097\n[cluster]", "m.toml:2: tunables.window"},
        Mistake{"[cluster]", "[tunables]\nwindw = 1\n[cluster]", "tunables.windw: there is no"},
        Mistake{"[cluster]", "[tunables]\nbackoff = 100\n[cluster]", "wants a time like"},
        Mistake{"[cluster]", "[tunables]\nbackoff = \"2h\"\n[cluster]", "at most one hour"},
        Mistake{"[cluster]",
                "[tunables]\nentry_bytes_max = \"1GiB\"\n[cluster]",
                "tunables.entry_bytes_max: wants at most"},
        Mistake{"[cluster]",
                "[tunables]\nresend_max = \"1ms\"\n[cluster]",
                "m.toml:2: tunables.resend_max: must not be below resend_min"},
        Mistake{"[cluster]",
                "[tunables]\nbackoff = \"0s\"\n[cluster]",
                "m.toml:2: tunables.backoff: must be positive"},
        Mistake{"[cluster]",
                "[tls]\nkey = \"k\"\nauthority = \"a\"\n[cluster]",
                "m.toml:1: tls.certificate: is missing"},
        Mistake{"[cluster]",
                "[tls]\ncertificate = 1\nkey = \"k\"\nauthority = \"a\"\n[cluster]",
                "m.toml:2: tls.certificate: wants a text: the path of a PEM file"},
        Mistake{"[cluster]",
                "[tls]\ncertificate = \"c\"\nkey = \"\"\nauthority = \"a\"\n[cluster]",
                "m.toml:3: tls.key: wants a text"},
        Mistake{"[cluster]",
                "[tls]\ncertificate = \"c\"\nkey = \"k\"\nauthority = \"a\"\ncas = 1\n[cluster]",
                "m.toml:5: tls.cas: there is no such key"},
        Mistake{"[cluster]",
                "[log]\nformat = \"xml\"\n[cluster]",
                "m.toml:2: log.format: wants \"text\" or \"json\""},
        Mistake{"[cluster]",
                "[log]\nlevel = \"debug\"\n[cluster]",
                "m.toml:2: log.level: wants \"info\", \"warning\" or \"error\""}));

TEST(Config, FilesOfTlsAreFromTheFolderOfTheFile) {
  const auto config = parse_config(
      sound() + "\n[tls]\ncertificate = \"c.pem\"\nkey = \"/k.pem\"\nauthority = \"../a.pem\"\n",
      "/etc/holdfast/m.toml");
  ASSERT_TRUE(config.has_value());
  ASSERT_TRUE(config->tls.has_value());
  EXPECT_EQ(config->tls->files, (TlsFiles{"/etc/holdfast/c.pem", "/k.pem", "/etc/a.pem"}));
  EXPECT_EQ(config->tls->client_authority, "/etc/a.pem");
  const auto client = config->client_options();
  ASSERT_FALSE(client.has_value());
  EXPECT_THAT(client.error(), HasSubstr("/etc/a.pem: cannot be read"));
}

TEST(Config, EverythingWrongIsSaidAtOnceByLine) {
  std::string text = replaced(sound(), "id = 4711", "id = 0");
  text = replaced(text, "127.0.0.1:7101", "nowhere");
  const auto config = parse_config(text, "m.toml");
  ASSERT_FALSE(config.has_value());
  ASSERT_EQ(config.error().size(), 2u);
  EXPECT_LT(config.error()[0].line, config.error()[1].line);
}

TEST(Config, MembersMustBeThere) {
  EXPECT_THAT(errors_of(std::string(kCluster) + kMember), HasSubstr("members: is missing"));
  EXPECT_THAT(errors_of(std::string("members = []\n") + kCluster),
              HasSubstr("m.toml:1: members: wants 1 to 255 members, not 0"));
  EXPECT_THAT(errors_of(std::string("members = [3]\n") + kCluster),
              HasSubstr("members[1]: wants a table"));
}

TEST(Config, AFileThatCannotBeReadIsNamed) {
  const auto config = load_config("/no/such/file.toml");
  ASSERT_FALSE(config.has_value());
  EXPECT_EQ(config.error()[0].to_text(),
            "/no/such/file.toml: cannot be read: No such file or directory");
}

TEST(Config, FramesHoldTheLargestEntryAndTheLargestAnswer) {
  const auto config = parse_config(sound(), "m.toml");
  ASSERT_TRUE(config.has_value());
  const NodeOptions& node = config->node;
  EXPECT_GT(config->member_frame_bytes_max(), node.entry_bytes_max + node.fetch_bytes_max);
  EXPECT_GT(config->client_frame_bytes_max(), node.entry_bytes_max);
}

}  // namespace
}  // namespace holdfast::real
