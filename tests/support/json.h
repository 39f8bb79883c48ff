// SPDX-License-Identifier: BSD-2-Clause
// JSON, as tests read it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

// Compiled once, in json.cpp, and optimized there as tests are not: they read all that tools say. A lexer is made for each
// kind of text that is given.
extern template class nlohmann::basic_json<>;
extern template nlohmann::json nlohmann::json::parse(
	std::string&, const parser_callback_t, const bool, const bool);
extern template nlohmann::json nlohmann::json::parse(
	const std::string&, const parser_callback_t, const bool, const bool);
extern template nlohmann::json nlohmann::json::parse(
	std::string&&, const parser_callback_t, const bool, const bool);
