import Foundation
import Synchronization
import TestSupport
import Testing
import TurboQuantEvaluation

@testable import TurboQuantCLI

/// The built program, ended at any moment by a signal.
///
/// `TQ_KILLS` is the number of kills of each command by each signal; `TQ_SEED` draws the moments.
@Suite("Signals")
struct SignalTests {
  static let seed = UInt64(environmentNumber("TQ_SEED", default: 1))

  /// Vectors that take a command some time to write.
  static let rows: [UInt8] = {
    var state: UInt32 = 1
    let values = (0..<6_000 * 256).map { _ in
      state = state &* 1_664_525 &+ 1_013_904_223
      return Float(Int32(bitPattern: state)) * 0x1p-31
    }
    return npy(shape: [6_000, 256], values)
  }()

  /// A command that changes `out` in the test's directory.
  struct Change: Sendable {
    let words: [String]
    let old: [UInt8]?
    let new: [UInt8]
    let duration: Duration
  }

  /// What the kills of one command by one signal met.
  struct Tally {
    var old = 0
    var new = 0
    var temporaries = 0
    var ended = 0
  }

  private func start(_ words: [String], in directory: Scratch) throws -> Process {
    let process = Process()
    process.executableURL = try builtProgram()
    process.arguments = words
    process.currentDirectoryURL = URL(filePath: directory.path)
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try begin(process)
    return process
  }

  private static let starting = Mutex(())

  /// Starts a process that heeds signals, even if this one was started as a shell's background job, which ignores
  /// SIGINT, or by `nohup`.
  private func begin(_ process: Process) throws {
    try Self.starting.withLock { _ in
      let signals = [SIGTERM, SIGINT, SIGHUP]
      let inherited = signals.map { Foundation.signal($0, SIG_DFL) }
      defer { for (number, old) in zip(signals, inherited) { _ = Foundation.signal(number, old) } }
      try process.run()
    }
  }

  private func prepare(_ old: [UInt8]?, _ directory: Scratch) throws {
    try? FileManager.default.removeItem(at: URL(filePath: directory.path).appending(path: "out"))
    if let old { _ = try directory.write(old, to: "out") }
  }

  private func content(_ directory: Scratch) -> [UInt8]? {
    FileManager.default.contents(atPath: directory.file("out")).map { [UInt8]($0) }
  }

  /// Runs the command once undisturbed, to know what it writes and how long that takes.
  private func change(
    _ words: [String], old: [UInt8]?, _ directory: Scratch
  ) throws -> Change {
    try prepare(old, directory)
    let begin = ContinuousClock.now
    let process = try start(words, in: directory)
    process.waitUntilExit()
    let duration = ContinuousClock.now - begin
    try #require(process.terminationStatus == 0)
    let new = try #require(content(directory))
    return Change(words: words, old: old, new: new, duration: duration)
  }

  /// Kills the command once and looks at what is left.
  private func kill(
    _ change: Change, by signal: Int32, after share: Double, _ directory: Scratch,
    _ tally: inout Tally
  ) throws {
    try prepare(change.old, directory)
    let before = try directory.names
    let process = try start(change.words, in: directory)
    usleep(UInt32(share * change.duration.seconds * 1e6))
    _ = Foundation.kill(process.processIdentifier, signal)
    process.waitUntilExit()
    let wasKilled = process.terminationReason == .uncaughtSignal
    #expect(process.terminationStatus == (wasKilled ? signal : 0))
    let found = content(directory)
    #expect(found == change.old || found == change.new)
    #expect(wasKilled || found == change.new)
    let left = Set(try directory.names).subtracting(before + ["out"])
    #expect(left.count <= (signal == SIGKILL ? 1 : 0), "\(left)")
    #expect(left.allSatisfy { $0.hasPrefix(".out.turboquant-") })
    tally.ended += wasKilled ? 0 : 1
    tally.new += found == change.new ? 1 : 0
    tally.old += found == change.new ? 0 : 1
    tally.temporaries += left.count
    guard !left.isEmpty else { return }
    // The next write in the directory removes it, whatever it writes.
    #expect(
      run("encode", directory.file("few.npy"), "-o", directory.file("next")).exitCode == .done)
    try FileManager.default.removeItem(atPath: directory.file("next"))
    #expect(try Set(directory.names).isSubset(of: before + ["out"]))
  }

  @Test(
    "A command that is killed leaves the old file or the new one, and nothing beside it",
    arguments: ["encode", "build", "add"], [SIGKILL, SIGTERM, SIGINT])
  func killed(verb: String, signal: Int32) throws {
    let directory = try Scratch()
    _ = try directory.write(Self.rows, to: "x.npy")
    _ = try directory.write(gaussianNpy(2, 256), to: "few.npy")
    let built = run(
      "index", "build", directory.file("few.npy"), "-o", directory.file("out"), "--originals",
      "float32")
    try #require(built.exitCode == .done)
    let index = try #require(content(directory))
    let change =
      switch verb {
      case "encode":
        try change(["encode", "x.npy", "-o", "out", "--bits", "8"], old: nil, directory)
      case "add": try change(["index", "add", "out", "x.npy"], old: index, directory)
      default:
        try change(
          ["index", "build", "x.npy", "-o", "out", "--originals", "float32"], old: index, directory)
      }
    var random = SystemRandom(seed: Self.seed &+ UInt64(signal) &* 1000 &+ UInt64(verb.count))
    var tally = Tally()
    for _ in 0..<environmentNumber("TQ_KILLS", default: 4) {
      try kill(change, by: signal, after: 1.1 * random.next(), directory, &tally)
    }
    // Figures of the long run; the moments cannot be the same again, so nothing is held against them.
    if environmentNumber("TQ_KILLS", default: 0) > 0 {
      print(
        "\(verb), signal \(signal), seed \(Self.seed): old \(tally.old), new \(tally.new), "
          + "temporaries \(tally.temporaries), ended before \(tally.ended)")
    }
  }

  @Test(
    "A command that is told to end while it writes removes what it wrote",
    arguments: [SIGTERM, SIGINT, SIGHUP])
  func toldToEnd(signal: Int32) throws {
    let directory = try Scratch()
    let (process, input) = (Process(), Pipe())
    process.executableURL = try builtProgram()
    process.arguments = ["encode", "-", "-o", directory.file("out.tqv")]
    process.standardInput = input
    process.standardError = Pipe()
    try begin(process)
    defer { if process.isRunning { process.terminate() } }
    let bytes = gaussianNpy(20_000, 64)
    try input.fileHandleForWriting.write(contentsOf: bytes[..<(bytes.count / 2)])
    for _ in 0..<6_000 where try directory.names.isEmpty { usleep(10_000) }
    try #require(try directory.names.count == 1)
    _ = Foundation.kill(process.processIdentifier, signal)
    process.waitUntilExit()
    #expect(process.terminationReason == .uncaughtSignal)
    #expect(process.terminationStatus == signal)
    #expect(try directory.names == [])
  }

  @Test("A signal that the parent ignores is ignored")
  func ignoredSignal() throws {
    let directory = try Scratch()
    _ = try directory.write(gaussianNpy(100, 64), to: "x.npy")
    let outcome = try shell(
      "trap '' INT; (cat x.npy; sleep 1) | $TQ encode - -o x.tqv & sleep .5; kill -INT $!; wait $!",
      in: directory)
    #expect(outcome.exitCode == .done, "\(outcome.error)")
    #expect(try directory.names == ["x.npy", "x.tqv"])
  }

  /// Moments, not data: evenly distributed numbers below 1.
  private struct SystemRandom {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> Double {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(state >> 11) * 0x1p-53
    }
  }
}

/// Two processes that change one index at the same time.
///
/// `TQ_ADDS` is the number of changes each makes.
@Suite("Two writers")
struct TwoWriterTests {
  @Test("All rows that two processes add are there")
  func adds() throws {
    let directory = try Scratch()
    let rows = try directory.write(gaussianNpy(3, 64), to: "x.npy")
    let index = directory.file("x.tqi")
    #expect(run("index", "build", rows, "-o", index).exitCode == .done)
    let count = environmentNumber("TQ_ADDS", default: 8)
    let program = try builtProgram()
    let failures = Mutex(0)
    DispatchQueue.concurrentPerform(iterations: 2) { _ in
      for _ in 0..<count {
        let process = Process()
        process.executableURL = program
        process.arguments = ["index", "add", index, rows]
        process.standardOutput = FileHandle.nullDevice
        let hasRun = (try? process.run()) != nil
        if hasRun { process.waitUntilExit() }
        if !hasRun || process.terminationStatus != 0 { failures.withLock { $0 += 1 } }
      }
    }
    #expect(failures.withLock { $0 } == 0)
    let info = try run("index", "info", index, "--json").object()
    #expect(info["count"] as? Int == 3 + 2 * 3 * count)
    #expect(run("index", "verify", index).exitCode == .done)
    #expect(try directory.names == ["x.npy", "x.tqi"])
  }

  @Test("An index that is being changed is waited for, by all that change it")
  func waits() throws {
    let directory = try Scratch()
    let rows = try directory.write(gaussianNpy(3, 64), to: "x.npy")
    #expect(run("index", "build", rows, "-o", directory.file("x.tqi")).exitCode == .done)
    // The first add holds the index until the pipe ends.
    let outcome = try shell(
      "(sleep 1; cat x.npy) | $TQ index add x.tqi - > one.txt & sleep .4; "
        + "$TQ index remove x.tqi --ids 3,4 && wait $!", in: directory)
    #expect(outcome.exitCode == .done, "\(outcome.error)")
    let info = try run("index", "info", directory.file("x.tqi"), "--json").object()
    #expect(info["count"] as? Int == 4)
  }
}
