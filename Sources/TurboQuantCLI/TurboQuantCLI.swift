internal import Foundation
internal import TurboQuant

/// The program `turboquant`: finds the command, runs it, turns errors into a line and an exit code.
@main
enum TurboQuantCLI {
  /// The version that `--version` prints.
  static let version = "0.1.0"

  /// Every command that works, in the order of the help.
  static let commands: [Command] = [
    .demo, .theory, .encode, .decode, .inspect, .verify, .evaluate, .benchmark,
  ]

  /// Commands that are planned, so that asking for one gets a plain answer.
  static let notBuiltYet = ["index", "reproduce"]

  /// Runs the program on the process's own arguments and streams.
  static func main() {
    let (console, outputFailed) = Console.standard()
    let code = run(Array(CommandLine.arguments.dropFirst()), console)
    exit(outputFailed() ? ExitCode.failed.rawValue : code.rawValue)
  }

  /// Runs the command that `arguments` name; everything it says goes to `console`.
  static func run(_ arguments: [String], _ console: Console) -> ExitCode {
    do {
      try dispatch(arguments, console)
      return .done
    } catch let error as UsageError {
      console.writeError("error: \(error.message)\n")
      let help = error.command.map { "turboquant help \($0)" } ?? "turboquant help"
      console.writeError("See “\(help)”.\n")
      return .wrongUse
    } catch {
      console.writeError("error: \(error)\n")
      return .failed
    }
  }

  private static func dispatch(_ arguments: [String], _ console: Console) throws {
    guard let first = arguments.first, first != "--help", first != "-h" else {
      return console.write(Help.overview(commands))
    }
    let rest = Array(arguments.dropFirst())
    switch first {
    case "--version": return console.write("turboquant \(version)\n")
    case "help":
      guard let name = rest.first else { return console.write(Help.overview(commands)) }
      return console.write(Help.page(of: try command(named: name), width: console.width))
    default: break
    }
    let command = try command(named: first)
    guard let parsed = try Arguments(parsing: rest, for: command) else {
      return console.write(Help.page(of: command, width: console.width))
    }
    try command.run(parsed, console)
  }

  private static func command(named name: String) throws -> Command {
    if let command = commands.first(where: { $0.name == name }) { return command }
    guard !notBuiltYet.contains(name) else {
      throw CommandFailure("“turboquant \(name)” is not built yet")
    }
    let kind = name.hasPrefix("-") ? "option" : "command"
    let suggestion = Suggestion.nearest(to: name, among: commands.map(\.name) + ["help"])
    throw UsageError("unknown \(kind) \(name)\(suggestion)", command: nil)
  }
}

/// What the process returns to its caller.
enum ExitCode: Int32 {
  /// Everything asked for was done.
  case done = 0
  /// Something went wrong on the way.
  case failed = 1
  /// The command line itself makes no sense.
  case wrongUse = 2
}
