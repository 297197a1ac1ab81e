import Synchronization
import Testing
import TurboQuantThreads

@Suite struct ParallelTests {
  private struct Refusal: Error, Equatable {
    let number: Int
  }

  @Test(arguments: [1, 3, 200]) func resultsComeBackInOrder(threads: Int) {
    #expect(Parallel.map(100, threads: threads) { $0 * $0 } == (0..<100).map { $0 * $0 })
    #expect(Parallel.map(0, threads: threads) { $0 } == [])
  }

  @Test(arguments: [1, 3, 200]) func theFirstErrorWins(threads: Int) {
    #expect(throws: Refusal(number: 41)) {
      try Parallel.map(100, threads: threads) { number throws(Refusal) in
        if number > 40 { throw Refusal(number: number) }
        return number
      }
    }
  }

  /// All of it would take minutes.
  @Test(arguments: [1, 3]) func nothingBeginsAfterAnError(threads: Int) {
    let begun = Atomic(0)
    #expect(throws: Refusal(number: 0)) {
      try Parallel.map(100_000, threads: threads) { number throws(Refusal) in
        begun.wrappingAdd(1, ordering: .relaxed)
        if number == 0 { throw Refusal(number: number) }
        let end = ContinuousClock.now + .milliseconds(1)
        while ContinuousClock.now < end {}
      }
    }
    #expect(begun.load(ordering: .relaxed) < 100_000)
  }
}
