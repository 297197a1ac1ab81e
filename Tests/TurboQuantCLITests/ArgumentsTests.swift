import Testing

@testable import TurboQuantCLI

@Suite("Arguments")
struct ArgumentsTests {
  private static let count = Option(name: "count", letter: "c", value: "N", help: "A number.")
  private static let list = Option(name: "bits", value: "B,…", help: "Numbers.")
  private static let flag = Option(name: "json", help: "A flag.")
  private static let command = Command(
    name: "try", summary: "Tries.", operands: [Operand(name: "IN", help: "A file.")],
    options: [count, list, flag], run: { _, _ in })

  private func parse(_ words: [String]) throws(UsageError) -> Arguments? {
    try Arguments(parsing: words, for: Self.command)
  }

  @Test(
    "A value follows its option, or an equals sign, or a letter",
    arguments: [
      ["in", "--count", "7"], ["--count=7", "in"], ["-c", "7", "in"], ["--count", "7", "--", "in"],
    ])
  func values(words: [String]) throws {
    let arguments = try #require(try parse(words))
    #expect(arguments.operands == ["in"])
    #expect(try arguments.integer(Self.count, in: 0...10) == 7)
    #expect(!arguments.has(Self.flag))
  }

  @Test("A dash alone is an operand, and two dashes end the options")
  func dashes() throws {
    #expect(try parse(["-"])?.operands == ["-"])
    #expect(try parse(["--", "--json"])?.operands == ["--json"])
    #expect(try parse(["--json", "in"])?.has(Self.flag) == true)
    #expect(try parse(["--count", "-", "in"])?.text(Self.count) == "-")
  }

  @Test("The last operand may be repeated where it says so")
  func repeatedOperands() throws {
    let command = Command(
      name: "try", summary: "Tries.",
      operands: [
        Operand(name: "A", help: "A file."), Operand(name: "B", help: "Files.", isRepeated: true),
      ],
      options: [], run: { _, _ in })
    #expect(try Arguments(parsing: ["1", "2", "3", "4"], for: command)?.operands.count == 4)
    let error = #expect(throws: UsageError.self) { try Arguments(parsing: ["1"], for: command) }
    #expect(error?.message == "B is missing")
    #expect(Help.page(of: command, width: 80).contains("Usage: turboquant try A B …\n"))
  }

  @Test("Help is asked for anywhere", arguments: [["--help"], ["-h"], ["in", "--json", "--help"]])
  func help(words: [String]) throws {
    #expect(try parse(words) == nil)
  }

  @Test("Lists are split at commas")
  func lists() throws {
    let arguments = try #require(try parse(["in", "--bits", "1,2.5, 3"]))
    #expect(try arguments.list(Self.list) == ["1", "2.5", "3"])
    #expect(throws: UsageError.self) { try parse(["in", "--bits", "1,,2"])?.list(Self.list) }
  }

  @Test(
    "What makes no sense is named",
    arguments: [
      (["in", "--cuont", "3"], "unknown option --cuont; did you mean --count?"),
      (["in", "--bit", "3"], "unknown option --bit; did you mean --bits?"),
      (["in", "--zzz"], "unknown option --zzz"),
      (["in", "--count"], "--count needs a value: --count N"),
      (["in", "--count", "--json"], "--count needs a value: --count N"),
      (["in", "--json=yes"], "--json takes no value"),
      (["in", "--json", "--json"], "--json is given twice"),
      (["in", "out"], "unexpected argument out"),
      ([], "IN is missing"),
    ])
  func mistakes(words: [String], message: String) {
    let error = #expect(throws: UsageError.self) { try parse(words) }
    #expect(error?.message == message)
    #expect(error?.command == "try")
  }

  @Test(
    "A bad number names its option and what it takes",
    arguments: ["x", "11", "-1", "3.5", "", "99999999999999999999"])
  func badNumbers(text: String) throws {
    let arguments = try #require(try parse(["in", "--count=\(text)"]))
    let error = #expect(throws: UsageError.self) {
      try arguments.integer(Self.count, in: 0...10)
    }
    #expect(error?.message == "--count takes a whole number from 0 to 10, not “\(text)”")
  }

  @Test(
    "Edit distance counts letters",
    arguments: [("", "abc", 3), ("abc", "abc", 0), ("bit", "bits", 1), ("cuont", "count", 2)])
  func distance(a: String, b: String, expected: Int) {
    #expect(Suggestion.editDistance(a, b) == expected)
    #expect(Suggestion.editDistance(b, a) == expected)
  }
}
