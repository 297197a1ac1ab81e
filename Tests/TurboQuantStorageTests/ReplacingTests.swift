import Foundation
import Synchronization
import TestSupport
import Testing
import TurboQuantKernels
import TurboQuantStorage

/// Locks a file and gives the lock back.
func lockOnce(_ path: String, waitingAtMost patience: Duration = .zero) throws(StorageError) {
  let lock = try FileLock(path, waitingAtMost: patience)
  _ = consume lock
}

/// What replacing a file leaves as it was, and what it does not.
@Suite struct ReplacingTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  func replace(_ path: String, with bytes: [UInt8] = [9]) throws(StorageError) {
    var file = try AtomicFile(path)
    try file.append(bytes.span.raw)
    try file.commit()
  }

  func link(_ name: String, to destination: String) throws {
    try FileManager.default.createSymbolicLink(
      atPath: scratch.file(name), withDestinationPath: destination)
  }

  func permissions(_ path: String) throws -> Int? {
    try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
  }

  func setPermissions(_ path: String, _ permissions: mode_t) throws {
    let code = unsafe chmod(path, permissions)
    try #require(code == 0)
  }

  func setOwner(_ path: String) throws {
    let code = unsafe chown(path, 1234, 4321)
    try #require(code == 0)
  }

  @Test func linksAreFollowed() throws {
    try FileManager.default.createDirectory(
      atPath: scratch.file("d"), withIntermediateDirectories: false)
    _ = try scratch.write([1], to: "d/x")
    try link("one", to: "two")
    try link("two", to: scratch.file("d/three"))
    try link("d/three", to: "x")
    try replace(scratch.file("one"))
    #expect(try scratch.read("d/x") == [9])
    #expect(try scratch.names == ["d", "one", "two"])
    for name in ["one", "two", "d/three"] {
      let attributes = try FileManager.default.attributesOfItem(atPath: scratch.file(name))
      #expect(attributes[.type] as? FileAttributeType == .typeSymbolicLink)
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.file("d")).count == 2)
  }

  @Test func aLinkToNothingGetsItsFile() throws {
    try link("x", to: "y")
    try replace(scratch.file("x"))
    #expect(try scratch.read("y") == [9])
    #expect(try scratch.names == ["x", "y"])
  }

  @Test func aLinkMayLeadToANameThatIsNotUTF8() throws {
    let shell = Process()
    shell.executableURL = URL(filePath: "/bin/sh")
    shell.arguments = ["-c", #"cd "$1" && ln -s "$(printf '\377')" x"#, "sh", scratch.path]
    try shell.run()
    shell.waitUntilExit()
    try #require(shell.terminationStatus == 0)
    #if os(Linux)
      try replace(scratch.file("x"))
      #expect(try scratch.read("x") == [9])
      #expect(
        try FileManager.default.destinationOfSymbolicLink(atPath: scratch.file("x")).count == 1)
    #endif
  }

  @Test func linksInACircleAreAnError() throws {
    try link("x", to: "y")
    try link("y", to: "x")
    #expect(throws: StorageError.self) { try replace(scratch.file("x")) }
    #expect(try scratch.names == ["x", "y"])
  }

  @Test func theOtherNamesOfAFileKeepIt() throws {
    let path = try scratch.write([1], to: "x")
    try FileManager.default.linkItem(atPath: path, toPath: scratch.file("y"))
    #expect(try fileStatus(at: path)?.linkCount == 2)
    try replace(path)
    #expect(try scratch.read("x") == [9] && scratch.read("y") == [1])
  }

  @Test func setUserIDIsDropped() throws {
    let path = try scratch.write([1], to: "x")
    try setPermissions(path, 0o7751)
    #expect(try permissions(path) == 0o7751)
    try replace(path)
    #expect(try permissions(path) == 0o751)
  }

  @Test func whatReplacesAFileIsPrivateUntilItIsWhole() throws {
    let path = try scratch.write([1], to: "x")
    try setPermissions(path, 0o664)
    let file = try AtomicFile(path)
    let name = try #require(try scratch.names.first { $0 != "x" })
    #expect(try permissions(scratch.file(name)) == 0o600)
    try file.commit()
    #expect(try permissions(path) == 0o664)
  }

  @Test(arguments: [0o444, 0o400, 0o555])
  func whatMayNotBeWrittenIsNotReplaced(permissions: mode_t) throws {
    let path = try scratch.write([1], to: "x")
    try setPermissions(path, permissions)
    let error = failure { () throws(StorageError) in try replace(path) }
    #expect(error?.kind == .readOnly)
    #expect(try scratch.read("x") == [1])
    #expect(try scratch.names == ["x"])
  }

  @Test("The administrator's changes leave a file its owner", .enabled(if: getuid() == 0))
  func ownersAreKept() throws {
    let path = try scratch.write([1], to: "x")
    try setOwner(path)
    try replace(path)
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    #expect(attributes[.ownerAccountID] as? Int == 1234)
    #expect(attributes[.groupOwnerAccountID] as? Int == 4321)
    #expect(try scratch.read("x") == [9])
  }

  @Test func anOwnerThatCannotBeKeptIsNoErrorAndGivesNobodyMore() throws {
    // A group that the file's user may not be in, so that only the administrator can give it back.
    guard getuid() == 0 else { return }
    let path = try scratch.write([1], to: "x")
    try setOwner(path)
    try setPermissions(path, 0o664)
    let calls = try calls { try replace(path) }
    let first = try #require(calls.firstIndex(of: .fchown))
    // The first attempt and, where that is refused, the group alone.
    let plan = FaultInjection(failing: first, code: EPERM)
    try FaultInjection.$current.withValue(plan) { try replace(path) }
    #expect(plan.calls.count { $0 == .fchown } == 2)
    #expect(try permissions(path) == 0o664)
  }

  func calls(_ body: () throws -> Void) throws -> [SystemCall] {
    let plan = FaultInjection()
    try FaultInjection.$current.withValue(plan) { try body() }
    return plan.calls
  }

  @Test func aPathWithAZeroByteIsRefused() throws {
    let path = scratch.file("a\0b")
    #expect(failure { () throws(StorageError) in try replace(path) }?.kind == .zeroByteInPath)
    _ = try scratch.write([1], to: "a")
    let mapped = failure { () throws(StorageError) in _ = try Mapping(path).byteCount }
    let asked = failure { () throws(StorageError) in _ = try fileStatus(at: path) }
    let locked = failure { () throws(StorageError) in try lockOnce(path) }
    #expect([mapped, asked, locked].allSatisfy { $0?.kind == .zeroByteInPath })
    #expect(try scratch.names == ["a"])
  }
}

/// Work on a thread of its own: one that waits for a lock must not keep a thread from other tests.
private final class Background: Sendable {
  private let result = Mutex<Result<Bool, any Error>?>(nil)

  init(_ body: @escaping @Sendable () throws -> Bool) {
    Thread.detachNewThread {
      let outcome = Result { try body() }
      self.result.withLock { $0 = outcome }
    }
  }

  /// What the work gave, when it is done.
  func wait() throws -> Bool {
    while true {
      if let outcome = result.withLock({ $0 }) { return try outcome.get() }
      usleep(1_000)
    }
  }
}

/// Files that writers leave, and locks between writers.
@Suite struct WriterTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  @Test func whatAKilledWriterLeftIsRemovedByTheNext() async throws {
    let path = try scratch.write([1], to: "x")
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
      var file = try AtomicFile(path)
      try file.append(pattern(1 << 16).span.raw)
      _ = kill(getpid(), SIGKILL)
      try file.commit()
    }
    #expect(try scratch.names.count == 2)
    let file = try AtomicFile(scratch.file("another"))
    try file.commit()
    #expect(try scratch.names == ["another", "x"])
    #expect(try scratch.read("x") == [1])
  }

  @Test func whatALiveWriterWritesStays() throws {
    var first = try AtomicFile(scratch.file("x"))
    try first.append(([1, 2] as [UInt8]).span.raw)
    let second = try AtomicFile(scratch.file("x"))
    try second.commit()
    #expect(try scratch.read("x") == [])
    #expect(try scratch.names.count == 2)
    try first.commit()
    #expect(try scratch.read("x") == [1, 2])
    #expect(try scratch.names == ["x"])
  }

  @Test func otherHiddenFilesStay() throws {
    let names = [
      ".x.turboquant", ".x.turboquant-1", ".x.turboquant-a-b", ".x.turboquant-1-g",
      "x.turboquant-1-a", ".x.tmp-1-a", ".xturboquant-1-a",
    ]
    for name in names { _ = try scratch.write([1], to: name) }
    try FileManager.default.createDirectory(
      atPath: scratch.file(".d.turboquant-1-a"), withIntermediateDirectories: false)
    _ = try scratch.write([1], to: ".x.turboquant-1-a")
    let file = try AtomicFile(scratch.file("x"))
    try file.commit()
    #expect(try scratch.names == (names + ["x", ".d.turboquant-1-a"]).sorted())
  }

  @Test func aSecondLockWaitsAndThenSaysSo() throws {
    let path = try scratch.write([1], to: "x")
    do {
      let lock = try FileLock(path, waitingAtMost: .zero)
      let error = failure { () throws(StorageError) in
        try lockOnce(path, waitingAtMost: .seconds(1))
      }
      #expect(error?.kind == .busy(seconds: 1))
      _ = consume lock
    }
    try lockOnce(path)
  }

  @Test func aFileThatIsReplacedWhileItIsWaitedForIsLockedAnew() throws {
    let path = try scratch.write([1], to: "x")
    let lock = try FileLock(path, waitingAtMost: .zero)
    let waiter = Background {
      var file = try AtomicFile(replacing: FileLock(path, waitingAtMost: .seconds(60)))
      // Under the lock the file is the one that the other has written.
      let isNew = FileManager.default.contents(atPath: path) == Data([2])
      try file.append(([3] as [UInt8]).span.raw)
      try file.commit()
      return isNew
    }
    usleep(50_000)
    var file = try AtomicFile(replacing: lock)
    try file.append(([2] as [UInt8]).span.raw)
    try file.commit()
    #expect(try waiter.wait())
    #expect(try scratch.read("x") == [3])
  }

  @Test func aWriterWithoutTheLockWaitsBeforeItReplaces() throws {
    let path = try scratch.write([1], to: "x")
    let lock = try FileLock(path, waitingAtMost: .zero)
    let waiter = Background {
      var file = try AtomicFile(path)
      try file.append(([3] as [UInt8]).span.raw)
      try file.commit()
      return true
    }
    usleep(50_000)
    #expect(try scratch.read("x") == [1])
    var file = try AtomicFile(replacing: lock)
    try file.append(([2] as [UInt8]).span.raw)
    try file.commit()
    #expect(try waiter.wait())
    #expect(try scratch.read("x") == [3])
  }

  @Test func afterALockThatCannotBeHadNothingIsLost() throws {
    let path = try scratch.write([1], to: "x")
    let plan = FaultInjection()
    try FaultInjection.$current.withValue(plan) { try lockOnce(path) }
    let index = try #require(plan.calls.firstIndex(of: .flock))
    // A file system without locks.
    let without = FaultInjection(failing: index, code: ENOLCK)
    try FaultInjection.$current.withValue(without) {
      try lockOnce(path)
    }
    let broken = FaultInjection(failing: index, code: EIO)
    FaultInjection.$current.withValue(broken) {
      let error = failure { () throws(StorageError) in
        try lockOnce(path)
      }
      #expect(error?.kind == .system(call: .flock, code: EIO))
    }
  }
}

/// Memory that readers give back.
@Suite struct ForgettingTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  @Test func forgottenBytesAreReadAgain() throws {
    let bytes = pattern(5 << 20)
    let mapping = try Mapping(scratch.write(bytes, to: "x"))
    let plan = FaultInjection()
    FaultInjection.$current.withValue(plan) {
      mapping.forget(0..<1000)
      mapping.forget(1000..<(1 << 20) - 1)
      #expect(plan.calls == [])
      mapping.forget((1 << 20) - 1..<(2 << 20) + 5)
      mapping.forget(0..<mapping.byteCount)
      #expect(plan.calls == [.madvise, .madvise])
      // Beyond the end there is nothing to free, and nothing of others is.
      mapping.forget(0..<100 << 20)
      #expect(plan.calls.count == 2)
    }
    #expect(mapping.bytes.byteArray(0..<mapping.byteCount) == bytes)
  }
}
