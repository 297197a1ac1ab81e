import Testing

@testable import TurboQuantCLI

@Suite("Program")
struct ProgramTests {
  @Test("Help is printed for no command, help and --help", arguments: [[], ["help"], ["--help"]])
  func overview(arguments: [String]) {
    let outcome = run(arguments)
    #expect(outcome.exitCode == .done)
    #expect(outcome.error.isEmpty)
    for command in TurboQuantCLI.commands { #expect(outcome.output.contains(command.summary)) }
    for name in TurboQuantCLI.notBuiltYet { #expect(!outcome.output.contains(name)) }
  }

  @Test("Every command's page names its operands and options", arguments: 0..<8)
  func pages(index: Int) {
    let command = TurboQuantCLI.commands[index]
    let page = run("help", command.name)
    #expect(page.exitCode == .done)
    #expect(run(command.name, "--help").output == page.output)
    for operand in command.operands { #expect(page.output.contains("  \(operand.name) ")) }
    for option in command.options {
      #expect(page.output.contains("--\(option.name)"))
      #expect(!option.help.isEmpty)
    }
    #expect(page.output.split(separator: "\n").allSatisfy { $0.count <= 100 })
    let names = command.options.map(\.name)
    #expect(Set(names).count == names.count, "an option is declared twice")
  }

  @Test("There are eight commands")
  func commandCount() { #expect(TurboQuantCLI.commands.count == 8) }

  @Test("The version is printed")
  func version() {
    #expect(run("--version").output == "turboquant \(TurboQuantCLI.version)\n")
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
      (["benchmark", "codec", "--bits", "9"], "turboquant help benchmark"),
      (["dmeo"], "turboquant help"), (["--verion"], "turboquant help"),
      (["help", "me"], "turboquant help"),
    ])
  func wrongUse(arguments: [String], help: String) {
    let outcome = run(arguments)
    #expect(outcome.exitCode == .wrongUse)
    #expect(outcome.output.isEmpty)
    #expect(outcome.errorLines.count == 2)
    #expect(outcome.errorLines.last == "See “\(help)”.")
  }

  @Test(
    "What is not built yet says so",
    arguments: [
      ["index"], ["reproduce"], ["help", "index"], ["benchmark", "search"],
      ["benchmark", "attention"], ["encode", "x.npy", "-o", "y", "--quantizer", "polar"],
    ])
  func notBuiltYet(arguments: [String]) {
    let outcome = run(arguments)
    #expect(outcome.exitCode == .failed)
    #expect(outcome.error.hasSuffix("not built yet\n"))
    #expect(outcome.errorLines.count == 1)
  }
}
