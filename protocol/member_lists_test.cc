#include "protocol/member_lists.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

std::vector<NodeId> ids(std::initializer_list<std::uint8_t> list) {
  std::vector<NodeId> members;
  for (const std::uint8_t id : list)
    members.push_back(NodeId{id});
  return members;
}

std::optional<std::vector<NodeId>> found(std::vector<NodeId> stored,
                                         std::vector<NodeId> configured) {
  return find_members(Membership(std::move(stored)).digest(), {std::move(configured)});
}

TEST(MemberLists, FindsTheUsualOnesWhateverIsConfigured) {
  for (const auto& usual : {ids({1}), ids({1, 2, 3}), ids({1, 2, 3, 4, 5, 6, 7})})
    EXPECT_EQ(found(usual, ids({40, 50, 60})), usual);
}

TEST(MemberLists, FindsWhatAnEditChanges) {
  const auto configured = ids({10, 20, 30});
  for (const auto& stored : {ids({10, 20}),
                             ids({30}),
                             ids({10, 20, 30, 40}),
                             ids({10, 20, 30, 40, 255}),
                             ids({10, 20, 99}),
                             ids({10, 20, 30})}) {
    EXPECT_EQ(found(stored, configured), stored) << to_text(stored);
  }
}

TEST(MemberLists, DoesNotGuessAmongMore) {
  EXPECT_EQ(found(ids({11, 21, 31}), ids({10, 20, 30})), std::nullopt);
  EXPECT_EQ(find_members(5, {ids({1, 2, 3})}), std::nullopt) << "no list has this digest";
}

TEST(MemberLists, AreSaidAsTheyAreConfigured) {
  EXPECT_EQ(to_text(ids({1, 2, 200})), "1, 2, 200");
}

}  // namespace
}  // namespace holdfast
