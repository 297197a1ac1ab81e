package import Testing

/// The error that `body` throws; a test failure and `nil` if it throws none.
package func thrownError<Failure: Error, Result>(
  _ sourceLocation: SourceLocation, of body: () throws(Failure) -> Result
) -> Failure? {
  do throws(Failure) {
    _ = try body()
    Issue.record("nothing was thrown", sourceLocation: sourceLocation)
    return nil
  } catch {
    return error
  }
}
