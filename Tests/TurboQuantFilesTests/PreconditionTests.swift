import Foundation
import Synchronization
import TestSupport
import Testing
import TurboQuant
import TurboQuantFiles

@Suite struct CodeFilePreconditionTests {
  private static let golden = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "Fixtures/haar-70-scalar-8.tqv").path

  @Test("Rows beyond the file end the process") func rows() async {
    await #expect(processExitsWith: .failure) {
      let file = try CodeFile(Self.golden)
      try file.withBytes(of: 0..<file.count + 1) { _ in }
    }
    await #expect(processExitsWith: .failure) {
      let file = try CodeFile(Self.golden)
      try file.withBytes(of: -1..<1) { _ in }
    }
    await #expect(processExitsWith: .failure) {
      let file = try CodeFile(Self.golden)
      _ = try file.codes(of: 0..<file.count + 1)
    }
    await #expect(processExitsWith: .failure) {
      let file = try CodeFile(Self.golden)
      _ = try file.codes(of: -1..<1)
    }
  }

  /// Whichever thread draws the rotation of a file that was just opened, all find the same one.
  @Test func drawnOnManyThreads() throws {
    let file = try CodeFile(Self.golden)
    let (codec, codes) = (file.codec, try file.codes(of: 0..<file.count))
    let found = Mutex([[Float]?](repeating: nil, count: 8))
    DispatchQueue.concurrentPerform(iterations: 8) { i in
      let decoded = try? codec.decode(codes)
      found.withLock { $0[i] = decoded }
    }
    let expected = try CodeFile(Self.golden).codec.decode(codes)
    #expect(found.withLock { $0 } == [[Float]?](repeating: expected, count: 8))
  }
}
