# cmake -D OUTPUT=<header> -D NAMESPACE=<a::b> -D "TEXTS=kName:file,file|kOther:file" -P EmbedText.cmake
#
# Writes a header with each text as a string constant: the files of one name, one after the other.
set(content "#pragma once\n\n#include <string_view>\n\nnamespace ${NAMESPACE} {\n")
string(REPLACE "|" ";" texts "${TEXTS}")
foreach(text IN LISTS texts)
  string(REGEX MATCH "^([A-Za-z]+):(.*)$" _ "${text}")
  set(name ${CMAKE_MATCH_1})
  string(REPLACE "," ";" files "${CMAKE_MATCH_2}")
  string(APPEND content "\ninline constexpr std::string_view ${name} =")
  foreach(file IN LISTS files)
    file(READ "${file}" body)
    string(APPEND content "\n    R\"holdfast(${body})holdfast\"")
  endforeach()
  string(APPEND content ";\n")
endforeach()
string(APPEND content "\n}  // namespace ${NAMESPACE}\n")
file(WRITE "${OUTPUT}" "${content}")
