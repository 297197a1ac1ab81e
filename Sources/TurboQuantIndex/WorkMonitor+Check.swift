internal import TurboQuantThreads

extension WorkMonitor {
  /// Ends work that is no longer wanted.
  func check() throws(IndexError) {
    if isCancelled { throw .cancelled }
  }
}
