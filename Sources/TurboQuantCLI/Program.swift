internal import TurboQuant
internal import TurboQuantStorage

/// The program `turboquant`: finds the command, runs it, and turns errors into a message and an exit code.
package enum Program {
  /// The version that `--version` prints.
  static let version = "0.1.0"

  /// Every command, in the order of the help.
  static let commands: [Command] = [
    .demo, .theory, .encode, .decode, .inspect, .verify, .evaluate,
    .indexBuild, .indexSearch, .indexAdd, .indexRemove, .indexMerge, .indexInfo, .indexVerify,
    .benchmarkCodec, .benchmarkSearch, .benchmarkCertificate, .benchmarkAttention, .benchmarkNeedle,
    .benchmarkRetrieval, .reproduce,
  ]

  /// Commands of two words.
  static let groups = [
    CommandGroup(name: "index", summary: "Build, change and search indexes of compressed vectors."),
    CommandGroup(name: "benchmark", summary: "Measure speed and accuracy on this machine."),
  ]

  /// Runs the program on the process's own words and streams.
  package static func main() -> Never { System.end(run(.ofProcess)) }

  /// Runs the program on the process's own streams; returns its exit code.
  package static func run(_ words: ProgramWords) -> Int32 {
    reserveStandardStreams()
    return withSignalsOfProgram {
      let (console, outputFailed) = Console.standard()
      let arguments = Result { () throws(UsageError) in try words.read() }
      let code = run(arguments, console)
      return (outputFailed() ? ExitCode.failed : code).rawValue
    }
  }

  private static func run(_ arguments: Result<[String], UsageError>, _ console: Console) -> ExitCode
  {
    run(try arguments.get(), console)
  }

  /// Runs the command that `arguments` name; its output goes to `console`.
  static func run(
    _ arguments: @autoclosure () throws -> [String], _ console: Console
  ) -> ExitCode {
    do {
      try dispatch(arguments(), console)
      return .done
    } catch let error as UsageError {
      console.writeError("error: \(Display.line(error.message))\n")
      let help = error.command.map { "turboquant help \($0)" } ?? "turboquant help"
      console.writeError("See “\(help)”.\n")
      return .wrongUse
    } catch {
      console.writeError("error: \(Display.line("\(error)"))\n")
      return .failed
    }
  }

  private static func dispatch(_ arguments: [String], _ console: Console) throws {
    guard let first = arguments.first, !isHelp(first) else {
      return console.write(Help.overview(commands))
    }
    let rest = Array(arguments.dropFirst())
    switch first {
    case "--version": return console.write("turboquant \(version)\n")
    case "help": return console.write(try help(on: rest, console))
    default: break
    }
    if groups.contains(where: { $0.name == first }), rest.first.map(isHelp) ?? true {
      return console.write(try help(on: [first], console))
    }
    let (command, words) = try command(calledBy: arguments)
    guard let parsed = try Arguments(parsing: words, for: command) else {
      return console.write(Help.page(of: command, width: console.width))
    }
    try command.run(parsed, console)
  }

  private static func isHelp(_ word: String) -> Bool { word == "--help" || word == "-h" }

  private static func help(on words: [String], _ console: Console) throws -> String {
    guard let first = words.first else { return Help.overview(commands) }
    if words.count == 1, let group = groups.first(where: { $0.name == first }) {
      return Help.page(of: group, commands)
    }
    return Help.page(of: try command(calledBy: words).command, width: console.width)
  }

  /// The command that the first word names, or the first two, and the words after them.
  private static func command(
    calledBy words: [String]
  ) throws -> (command: Command, rest: [String]) {
    let name = words.first ?? ""
    if let group = groups.first(where: { $0.name == name }) {
      let verb = words.count > 1 ? words[1] : ""
      let members = group.members(of: commands)
      guard let command = members.first(where: { $0.name == "\(name) \(verb)" }) else {
        let verbs = members.map { String($0.name.dropFirst(name.count + 1)) }
        let suggestion = Suggestion.nearest(to: verb, among: verbs)
        throw UsageError("\(name) has no verb \(verb)\(suggestion)", command: name)
      }
      return (command, Array(words.dropFirst(2)))
    }
    if let command = commands.first(where: { $0.name == name }) {
      return (command, Array(words.dropFirst()))
    }
    let kind = name.hasPrefix("-") ? "option" : "command"
    let known = commands.map(\.name).filter { !$0.contains(" ") } + groups.map(\.name) + ["help"]
    let suggestion = Suggestion.nearest(to: name, among: known)
    throw UsageError("unknown \(kind) \(name)\(suggestion)", command: nil)
  }
}

/// What the process returns to its caller.
enum ExitCode: Int32 {
  /// Everything asked for was done.
  case done = 0
  /// Something went wrong on the way.
  case failed = 1
  /// The command line is wrong.
  case wrongUse = 2
}
