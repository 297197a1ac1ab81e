// The functions that libFuzzer calls; the environment variable TQ_FUZZ names the reader to fuzz.

import Foundation
import TurboQuantKernels
@testable import TurboQuantStorage

/// A reader of untrusted bytes.
struct Reader: Sendable {
  /// Reads arbitrary bytes and ends the process if the reader breaks a promise.
  let check: @Sendable ([UInt8]) -> Void
  /// Changes an input; for most readers, libFuzzer's own changes of bytes are enough.
  var mutate: @Sendable (Mutation) -> [UInt8] = { $0.changed($0.input) }
}

/// One change of an input, requested by libFuzzer.
struct Mutation {
  /// The input.
  let input: [UInt8]
  /// Decides which change is made; the state of libFuzzer's own generator is not visible here.
  let seed: UInt32
  fileprivate let maximumCount: Int

  /// `bytes` after one of libFuzzer's own changes.
  func changed(_ bytes: [UInt8]) -> [UInt8] {
    let size = min(bytes.count, maximumCount)
    var buffer = bytes.prefix(size) + [UInt8](repeating: 0, count: maximumCount - size)
    let count = buffer.withUnsafeMutableBufferPointer {
      LLVMFuzzerMutate($0.baseAddress, size, $0.count)
    }
    return Array(buffer.prefix(count))
  }
}

private let environment = ProcessInfo.processInfo.environment

private let reader: Reader = {
  let name = environment["TQ_FUZZ"] ?? ""
  guard let reader = readers[name] else {
    broken("TQ_FUZZ is “\(name)”, not one of \(readers.keys.sorted().joined(separator: " "))")
  }
  return reader
}()

/// Reads one input.
@c(LLVMFuzzerTestOneInput)
public func testOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  reader.check(Array(UnsafeBufferPointer(start: data, count: count)))
  return 0
}

/// Changes an input in place and returns its new size.
@c(LLVMFuzzerCustomMutator)
public func mutate(
  _ data: UnsafeMutablePointer<UInt8>, _ count: Int, _ maximumCount: Int, _ seed: UInt32
) -> Int {
  let input = Array(UnsafeBufferPointer(start: data, count: count))
  let output = reader.mutate(Mutation(input: input, seed: seed, maximumCount: maximumCount))
    .prefix(maximumCount)
  _ = UnsafeMutableBufferPointer(start: data, count: maximumCount).update(fromContentsOf: output)
  return output.count
}

/// Ends the process, which libFuzzer counts as a crash.
func broken(_ promise: String) -> Never {
  FileHandle.standardError.write(Data("BROKEN: \(promise)\n".utf8))
  abort()
}

/// Ends the process unless a promise was kept.
func require(_ isKept: Bool, _ promise: @autoclosure () -> String) {
  if !isKept { broken(promise()) }
}

/// Checks what every error promises: one line, and a place within the file.
func requireGood(_ error: some Error, at offset: UInt64? = nil, in input: [UInt8]) {
  requireGood("\(error)", at: offset, in: input)
}

/// Ends the process unless an error's message is one line and its place lies in the input.
func requireGood(_ message: String, at offset: UInt64? = nil, in input: [UInt8]) {
  require(
    !message.isEmpty
      && message.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control },
    "a message is one line: \(message.debugDescription)")
  require(offset ?? 0 <= UInt64(input.count), "\(message): beyond \(input.count) bytes")
}

/// Writes `bytes` to a file and returns its path; the file is in memory if the system offers that.
func file(_ bytes: [UInt8], _ name: String) -> String {
  let path = "\(environment["TQ_FUZZ_DIRECTORY"] ?? ".")/\(name)"
  do throws(StorageError) {
    removeFile(try PathName(path))
    let file = try FileDescriptor(PathName(path), .creating(permissions: 0o600), reportedAs: path)
    var done = 0
    while done < bytes.count {
      done += try file.write(bytes.span.raw.extracting(done..<bytes.count))
    }
  } catch {
    broken("the harness cannot write: \(error)")
  }
  return path
}
