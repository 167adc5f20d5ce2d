#include "tools/cli_manual.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <sstream>
#include <vector>

namespace holdfast::tools {
namespace {

// As text of a line: nothing in it is an order.
std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else if ((c == '.' || c == '\'') && (out.empty() || out.back() == '\n')) {
      out += "\\&";
      out += c;
    } else {
      out += c;
    }
  }
  return out;
}

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) {
    return static_cast<char>(std::toupper(c));
  });
  return text;
}

// Options that are told of; hidden ones are in no group.
std::vector<const CLI::Option*> options_of(const CLI::App& app, bool positional) {
  std::vector<const CLI::Option*> options;
  for (const CLI::Option* option : app.get_options())
    if (!option->get_group().empty() && option->get_positional() == positional) {
      options.push_back(option);
    }
  return options;
}

std::string names_of(const CLI::Option& option) {
  std::string names = option.get_name(false, true);
  for (std::size_t at = 0; (at = names.find(',', at)) != std::string::npos; at += 2)
    names.replace(at, 1, ", ");
  return names;
}

bool takes_value(const CLI::Option& option) {
  return option.get_expected_max() > 0 && option.get_items_expected_max() > 0;
}

void add_option(std::ostringstream& out, const CLI::Option& option) {
  out << ".TP\n\\fB" << escaped(names_of(option)) << "\\fR";
  if (takes_value(option)) out << " \\fI" << escaped(option.get_type_name()) << "\\fR";
  out << "\n" << escaped(option.get_description());
  if (!option.get_default_str().empty()) {
    out << " (default " << escaped(option.get_default_str()) << ")";
  }
  out << (option.get_required() ? "; required\n" : "\n");
}

void add_options(std::ostringstream& out, const CLI::App& app) {
  for (const CLI::Option* option : options_of(app, true)) {
    out << ".TP\n\\fI" << escaped(option->get_name(true)) << "\\fR\n"
        << escaped(option->get_description()) << "\n";
  }
  for (const CLI::Option* option : options_of(app, false))
    add_option(out, *option);
}

// Footers are lines for a terminal; here they are a paragraph.
std::string paragraph(const std::string& footer) {
  std::string text = footer;
  std::replace(text.begin(), text.end(), '\n', ' ');
  return escaped(text);
}

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

std::string words(const std::vector<std::string>& all) {
  std::string text;
  for (const std::string& word : all)
    text += (text.empty() ? "" : " ") + word;
  return text;
}

// All long and short names of its options.
std::string flags_of(const CLI::App& app) {
  std::vector<std::string> flags;
  for (const CLI::Option* option : options_of(app, false)) {
    for (const std::string& name : option->get_lnames())
      flags.push_back("--" + name);
    for (const std::string& name : option->get_snames())
      flags.push_back("-" + name);
  }
  return words(flags);
}

}  // namespace

std::string man_page(const CLI::App& app, const Manual& manual) {
  std::ostringstream out;
  const std::string name = app.get_name();
  out << ".TH " << upper(name) << " " << manual.section << " \"\" \"holdfast\"\n"
      << ".SH NAME\n"
      << escaped(name) << " \\- "
      << escaped(app.get_description().substr(app.get_description().find(": ") + 2))
      << "\n.SH SYNOPSIS\n.B " << escaped(name) << "\n";
  const auto commands = commands_of(app);
  out << (commands.empty() ? "[\\fIOPTION\\fR]...\n" : "\\fICOMMAND\\fR [\\fIOPTION\\fR]...\n");
  out << ".SH DESCRIPTION\n" << escaped(manual.description) << "\n.SH OPTIONS\n";
  add_options(out, app);
  if (!commands.empty()) out << ".SH COMMANDS\n";
  for (const CLI::App* command : commands) {
    out << ".SS " << escaped(command->get_name()) << "\n"
        << escaped(command->get_description()) << ".\n";
    add_options(out, *command);
    if (!command->get_footer().empty()) out << ".PP\n" << paragraph(command->get_footer()) << "\n";
  }
  if (!app.get_footer().empty()) out << ".SH NOTES\n" << paragraph(app.get_footer()) << "\n";
  out << ".SH SEE ALSO\n" << escaped(manual.see_also) << "\n";
  return out.str();
}

std::string bash_completion(const CLI::App& app) {
  const std::string name = app.get_name();
  std::vector<std::string> commands;
  std::string cases;
  for (const CLI::App* command : commands_of(app)) {
    commands.push_back(command->get_name());
    cases += "    " + command->get_name() + ") words=\"" + flags_of(*command) + "\" ;;\n";
  }
  std::ostringstream out;
  out << "# bash completion of " << name << ", made by " << name << " --print-completion\n_" << name
      << "() {\n  local current=${COMP_WORDS[COMP_CWORD]} words\n";
  if (commands.empty()) {
    out << "  words=\"" << flags_of(app) << "\"\n";
  } else {
    out << "  if ((COMP_CWORD == 1)); then\n    COMPREPLY=($(compgen -W \"" << words(commands)
        << " " << flags_of(app)
        << "\" -- \"$current\"))\n    return\n  fi\n  case ${COMP_WORDS[1]} in\n"
        << cases << "  esac\n";
  }
  out << "  if [[ $current == -* ]]; then\n    COMPREPLY=($(compgen -W \"$words\" -- "
         "\"$current\"))\n"
      << "  else\n    COMPREPLY=($(compgen -f -- \"$current\"))\n  fi\n}\n"
      << "complete -o filenames -F _" << name << " " << name << "\n";
  return out.str();
}

void add_manual(CLI::App& app, const Manual& manual) {
  const auto print = [](const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    throw CLI::Success();
  };
  app.add_flag_callback("--print-manual", [=, &app] { print(man_page(app, manual)); })->group("");
  app.add_flag_callback("--print-completion", [=, &app] { print(bash_completion(app)); })
      ->group("");
}

}  // namespace holdfast::tools
