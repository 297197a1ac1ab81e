package import Foundation
package import Testing

/// Holds `data` against a golden file.
///
/// `TQ_RECORD_GOLDEN=1` writes the file if it is missing, and the test fails because it did.
package func expectGolden(
  _ data: Data, _ file: URL, sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let isRecording = ProcessInfo.processInfo.environment["TQ_RECORD_GOLDEN"] != nil
  if isRecording, !FileManager.default.fileExists(atPath: file.path) {
    try data.write(to: file)
    Issue.record("recorded \(file.lastPathComponent)", sourceLocation: sourceLocation)
  }
  #expect(
    try data == Data(contentsOf: file), "\(file.lastPathComponent)", sourceLocation: sourceLocation)
}
