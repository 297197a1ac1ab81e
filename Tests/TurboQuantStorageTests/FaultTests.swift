import Foundation
import TestSupport
import Testing
import TurboQuantKernels
import TurboQuantStorage

@Suite struct FaultTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  let old: [UInt8] = Array("the old file".utf8)

  /// The calls of one undisturbed run.
  func calls(_ body: () throws -> Void) throws -> [SystemCall] {
    let plan = FaultInjection()
    try FaultInjection.$current.withValue(plan) { try body() }
    return plan.calls
  }

  func write() throws(StorageError) {
    try writeContainer(scratch.file("x"), smallSections)
  }

  @Test(arguments: [true, false], [ErrorNumber.noSpace, ErrorNumber.inputOutput])
  func everyFailingCallOfAWriterLeavesOldOrNew(replaces: Bool, code: Int32) throws {
    if replaces { _ = try scratch.write(old, to: "x") }
    let calls = try calls { try write() }
    let renaming = try #require(calls.firstIndex(of: .rename))
    for (index, call) in calls.enumerated() {
      try? FileManager.default.removeItem(atPath: scratch.file("x"))
      if replaces { _ = try scratch.write(old, to: "x") }
      let plan = FaultInjection(failing: index, code: code)
      let error: StorageError? = FaultInjection.$current.withValue(plan) {
        do throws(StorageError) {
          try write()
          return nil
        } catch {
          return error
        }
      }
      if call == .opendir {
        // Nothing is swept then, and the rest goes on.
        #expect(error == nil)
        #expect(try scratch.read("x") == goldenContainer)
        #expect(try scratch.names == ["x"])
      } else if index <= renaming {
        #expect(error?.kind == .system(call: call, code: code))
        #expect(error?.path == scratch.file("x"))
        #expect(try scratch.names == (replaces ? ["x"] : []))
        if replaces { #expect(try scratch.read("x") == old) }
      } else {
        // The target is new; only the directory may not have reached the disk.
        #expect(try scratch.read("x") == goldenContainer)
        #expect(try scratch.names == ["x"])
        #expect(call == .close ? error == nil : error?.kind == .replacedNotSynchronized(code: code))
      }
    }
    #expect(calls.contains(.fsync) && calls.contains(.pwrite) && calls.contains(.stat))
    #expect(calls.contains(.fchmod) == replaces)
  }

  @Test func everyFailingCallOfAReaderIsNamed() throws {
    try write()
    let calls = try calls { _ = try readContainer(scratch.file("x")) }
    for (index, call) in calls.enumerated() {
      let plan = FaultInjection(failing: index, code: ErrorNumber.inputOutput)
      FaultInjection.$current.withValue(plan) {
        do throws(StorageError) {
          #expect(try readContainer(scratch.file("x")) == smallSections)
          // Nothing that has been read depends on these.
          #expect([.close, .munmap].contains(call))
        } catch {
          #expect(error.kind == .system(call: call, code: ErrorNumber.inputOutput))
          #expect(error.path == scratch.file("x"))
        }
      }
    }
    #expect(calls == [.open, .fstat, .mmap, .close, .munmap])
  }

  @Test func refusedAdviceIsNoError() throws {
    try write()
    let plan = FaultInjection(failing: 4, code: ErrorNumber.inputOutput)
    try FaultInjection.$current.withValue(plan) {
      let reader = try ContainerReader(scratch.file("x"))
      reader.adviseSequentialReading()
      #expect(plan.calls.last == .madvise)
      try reader.verify()
    }
  }

  @Test func interruptedCallsAreMadeAgain() throws {
    try write()
    let calls = try calls { try write() }
    for (index, call) in calls.enumerated() where call != .close {
      let plan = FaultInjection(failing: index, code: ErrorNumber.interrupted)
      try FaultInjection.$current.withValue(plan) { try write() }
      // A child that other tests start holds a lock until it runs its program, and writers then try again, so that
      // calls are compared and not counted.
      #expect(plan.calls[index + 1] == plan.calls[index] || plan.calls[index] == .close)
      #expect(try scratch.read("x") == goldenContainer)
    }
  }

  @Test(arguments: [1, 7, 64])
  func shortWritesAreContinued(longest: Int) throws {
    let plan = FaultInjection(longestTransfer: longest)
    try FaultInjection.$current.withValue(plan) { try write() }
    #expect(try scratch.read("x") == goldenContainer)
    #expect(plan.calls.count > 576 / longest)
  }

  @Test func aWriteThatMovesNothingIsAnErrorNotALoop() throws {
    let plan = FaultInjection(longestTransfer: 0)
    let error = FaultInjection.$current.withValue(plan) {
      failure { () throws(StorageError) in try write() }
    }
    #expect(error?.kind == .system(call: .write, code: ErrorNumber.inputOutput))
    #expect(try scratch.names == [])
  }

  @Test func directoriesThatCannotSynchronizeAreAccepted() throws {
    try write()
    let calls = try calls { try write() }
    let last = try #require(calls.lastIndex(of: .fsync))
    let plan = FaultInjection(failing: last, code: ErrorNumber.invalidArgument)
    try FaultInjection.$current.withValue(plan) { try write() }
    #expect(try scratch.read("x") == goldenContainer)
  }
}

@Suite struct AtomicFileTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  @Test func droppedFilesLeaveNothing() throws {
    do {
      var file = try AtomicFile(scratch.file("x"))
      try file.append([1, 2, 3].span.raw)
      let names = try scratch.names
      #expect(names.count == 1)
      #expect(names[0].hasPrefix(".x.turboquant-\(processIdentifier)-"))
    }
    #expect(try scratch.names == [])
  }

  @Test func bytesAreAppendedAndOverwritten() throws {
    var file = try AtomicFile(scratch.file("x"))
    try file.append(([1, 2, 3, 4] as [UInt8]).span.raw)
    try file.overwrite(([8, 9] as [UInt8]).span.raw, at: 1)
    try file.append(([5] as [UInt8]).span.raw)
    #expect(file.byteCount == 5)
    #expect(throws: StorageError.self) {
      try file.overwrite(([8, 9] as [UInt8]).span.raw, at: 4)
    }
    #expect(throws: StorageError.self) {
      try file.overwrite(([8, 9] as [UInt8]).span.raw, at: .max)
    }
    try file.commit()
    #expect(try scratch.read("x") == [1, 8, 9, 4, 5])
  }

  @Test func aFailureIsRepeatedUntilTheEnd() throws {
    let plan = FaultInjection(failing: 6, code: ErrorNumber.noSpace)
    try FaultInjection.$current.withValue(plan) {
      var file = try AtomicFile(scratch.file("x"))
      for _ in 0..<2 {
        #expect(throws: StorageError.self) { try file.append(([1] as [UInt8]).span.raw) }
      }
      do throws(StorageError) {
        try file.commit()
        Issue.record("committed after a failure")
      } catch {
        #expect(error.kind == .system(call: .write, code: ErrorNumber.noSpace))
        #expect(error.offset == 0)
      }
    }
    #expect(
      plan.calls
        == [.stat, .readlink, .opendir, .open, .flock, .fstat, .write, .unlink, .close])
    #expect(try scratch.names == [])
  }

  @Test func permissionsOfTheOldFileAreKept() throws {
    let path = try scratch.write([1], to: "x")
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    let file = try AtomicFile(path)
    try file.commit()
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    #expect(attributes[.posixPermissions] as? Int == 0o600)
    #expect(try scratch.read("x") == [])
  }

  @Test func onlyFilesAreReplaced() throws {
    func kind(_ path: String) -> StorageError.Kind? {
      failure { () throws(StorageError) in
        let file = try AtomicFile(path)
        try file.commit()
      }?.kind
    }
    #expect(kind(scratch.path) == .isDirectory)
    #expect(kind(scratch.path + "/") == .isDirectory)
    #expect(kind("/dev/null") == .notRegularFile)
    #expect(kind("") == .isDirectory)
    #expect(kind(scratch.file("no/x")) == .system(call: .open, code: ErrorNumber.notFound))
    #expect(kind(scratch.file("no/")) == .isDirectory)
  }

  @Test func longNamesAreShortenedForTheTemporary() throws {
    let name = String(repeating: "é", count: 127)
    let file = try AtomicFile(scratch.file(name))
    try file.commit()
    #expect(try scratch.names == [name])
  }

  @Test func aKilledWriterLeavesTheTargetAlone() async throws {
    let path = try scratch.write([1, 2, 3], to: "x")
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
      var writer = try ContainerWriter(path, kind: "VECS", sectionCount: 1)
      try writer.beginSection("data")
      try writer.append(pattern(1 << 21).span.raw)
      _ = kill(getpid(), SIGKILL)
    }
    #expect(try scratch.read("x") == [1, 2, 3])
  }
}
