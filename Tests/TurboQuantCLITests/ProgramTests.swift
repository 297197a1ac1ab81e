import TestSupport
import Testing

@testable import TurboQuantCLI

@Suite("Program")
struct ProgramTests {
  @Test("Help is printed for no command, help and --help", arguments: [[], ["help"], ["--help"]])
  func overview(arguments: [String]) {
    let outcome = run(arguments)
    #expect(outcome.exitCode == .done)
    #expect(outcome.error.isEmpty)
    for command in Program.commands { #expect(outcome.output.contains(command.summary)) }
  }

  @Test("Every command's page names its operands and options", arguments: 0..<21)
  func pages(index: Int) {
    let command = Program.commands[index]
    let words = command.name.split(separator: " ").map(String.init)
    let page = run(["help"] + words)
    #expect(page.exitCode == .done)
    #expect(run(words + ["--help"]).output == page.output)
    for operand in command.operands { #expect(page.output.contains("  \(operand.name) ")) }
    for option in command.options {
      #expect(page.output.contains("--\(option.name)"))
      #expect(!option.help.isEmpty)
    }
    #expect(page.output.split(separator: "\n").allSatisfy { $0.count <= 100 })
    let names = command.options.map(\.name)
    #expect(Set(names).count == names.count, "an option is declared twice")
  }

  @Test("There are twenty-one commands")
  func commandCount() { #expect(Program.commands.count == 21) }

  @Test(
    "A group's page lists its verbs",
    arguments: [["index"], ["index", "--help"], ["index", "-h"], ["help", "index"]])
  func group(arguments: [String]) {
    let outcome = run(arguments)
    #expect(outcome.exitCode == .done && outcome.error.isEmpty)
    for verb in ["build", "search", "add", "remove", "merge", "info", "verify"] {
      #expect(outcome.output.contains("\n  index \(verb) "))
    }
  }

  @Test("A verb that is nearly right is named")
  func nearlyAVerb() {
    let outcome = run("index", "serach", "x.tqi")
    #expect(outcome.errorLines.first == "error: index has no verb serach; did you mean search?")
  }

  @Test("The version is printed")
  func version() {
    #expect(run("--version").output == "turboquant \(Program.version)\n")
  }

  @Test(
    "Wrong use exits with 2 and names the help page",
    arguments: [
      (["encode"], "turboquant help encode"), (["encode", "x.npy"], "turboquant help encode"),
      (["encode", "x.npy", "-o", "y", "--bits", "0"], "turboquant help encode"),
      (["encode", "x.npy", "-o", "y", "--bits", "4.3"], "turboquant help encode"),
      (["encode", "x.npy", "-o", "y", "--quantizer", "best"], "turboquant help encode"),
      (["encode", "x.npy", "-o", "y", "--rotation", "none"], "turboquant help encode"),
      (["encode", "x.npy", "-o", "y", "--seed", "-1"], "turboquant help encode"),
      (["encode", "x.npy", "-o", "y", "--directions", "4"], "turboquant help encode"),
      (["evaluate", "x.npy", "--sketch", "gaussian"], "turboquant help evaluate"),
      (["encode", "x.npy", "-o", "y", "--threads", "0"], "turboquant help encode"),
      (["evaluate", "x.npy", "--estimator", "best"], "turboquant help evaluate"),
      (["benchmark", "everything"], "turboquant help benchmark"),
      (["benchmark", "codec", "--bits", "9"], "turboquant help benchmark codec"),
      (["benchmark", "codec", "--metric", "ip"], "turboquant help benchmark codec"),
      (["benchmark", "search", "--quantizer", "qjl"], "turboquant help benchmark search"),
      (["benchmark", "certificate", "--repeats", "2"], "turboquant help benchmark certificate"),
      (["benchmark", "attention", "--bits", "4/x"], "turboquant help benchmark attention"),
      (["benchmark", "attention", "--query-heads", "9"], "turboquant help benchmark attention"),
      (["benchmark", "attention", "--centering", "x"], "turboquant help benchmark attention"),
      (
        ["benchmark", "attention", "--key-quantizers", "qjl"], "turboquant help benchmark attention"
      ),
      (["benchmark", "needle", "--keys", "cubic-3"], "turboquant help benchmark needle"),
      (["benchmark", "needle", "--cosine", "1.5"], "turboquant help benchmark needle"),
      (["benchmark", "retrieval", "--tokens", "255"], "turboquant help benchmark retrieval"),
      (["benchmark", "retrieval", "--bits", "2/x"], "turboquant help benchmark retrieval"),
      (["benchmark", "retrieval", "--bits", "16/2"], "turboquant help benchmark retrieval"),
      (["benchmark", "retrieval", "--bias", "0.5"], "turboquant help benchmark retrieval"),
      (["benchmark", "retrieval", "--lead", "nan"], "turboquant help benchmark retrieval"),
      (["benchmark", "retrieval", "--lead", "8"], "turboquant help benchmark retrieval"),
      (["dmeo"], "turboquant help"), (["--verion"], "turboquant help"),
      (["help", "me"], "turboquant help"), (["index", "bulid"], "turboquant help index"),
      (["help", "index", "me"], "turboquant help index"),
      (["index", "build", "x.npy"], "turboquant help index build"),
      (["index", "build", "x.npy", "-o", "y", "--bits", "5"], "turboquant help index build"),
      (["index", "build", "x.npy", "-o", "y", "--metric", "l1"], "turboquant help index build"),
      (["index", "build", "-", "-o", "y", "--center"], "turboquant help index build"),
      (["index", "build", "x.npy", "-o", "y", "--ids", "1,,2"], "turboquant help index build"),
      (
        ["index", "build", "x.npy", "-o", "y", "--ids", "1", "--tags", "t"],
        "turboquant help index build"
      ),
      (["index", "build", "x.npy", "-o", "y", "--tags", ""], "turboquant help index build"),
      (["index", "add", "x.tqi"], "turboquant help index add"),
      (
        ["index", "add", "x.tqi", "y.npy", "--ids", "1", "--tags", "t"], "turboquant help index add"
      ),
      (["index", "add", "x.tqi", "y.npy", "--upsert"], "turboquant help index add"),
      (["index", "remove", "x.tqi"], "turboquant help index remove"),
      (
        ["index", "remove", "x.tqi", "--ids", "1", "--tags", "a"], "turboquant help index remove"
      ),
      (["index", "remove", "x.tqi", "--tags", "a,,b"], "turboquant help index remove"),
      (["index", "merge", "x.tqi", "-o", "y"], "turboquant help index merge"),
      (["index", "info", "x.tqi", "y.tqi"], "turboquant help index info"),
      (["index", "search", "x.tqi", "q", "--count", "0"], "turboquant help index search"),
      (["index", "search", "x.tqi", "q", "--rerank", "5"], "turboquant help index search"),
      (["index", "search", "x.tqi", "q", "--within", "far"], "turboquant help index search"),
      (
        ["index", "search", "x.tqi", "q", "--within", "1", "--rerank", "50"],
        "turboquant help index search"
      ),
      (
        ["index", "search", "x.tqi", "q", "--failure-probability", "0"],
        "turboquant help index search"
      ),
    ])
  func wrongUse(arguments: [String], help: String) {
    let outcome = run(arguments)
    #expect(outcome.exitCode == .wrongUse)
    #expect(outcome.output.isEmpty)
    #expect(outcome.errorLines.count == 2)
    #expect(outcome.errorLines.last == "See “\(help)”.")
  }
}
