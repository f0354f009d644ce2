#pragma once
// What the finders call a blank and a digit: of ASCII, whatever the locale.
namespace readback {

constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace readback
