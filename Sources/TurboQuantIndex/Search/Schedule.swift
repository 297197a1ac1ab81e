// How one search is spread over threads.

internal import TurboQuantThreads

/// Deals a search out to threads; knows nothing of what they do.
///
/// With many queries, each thread takes whole batches of them. With few, all threads work on each batch, and each takes
/// a partition of the rows.
struct Schedule: Sendable {
  /// The queries of each batch, by number.
  let batches: [Range<Int>]
  private let batchThreads: Int
  private let partitionThreads: Int

  /// Batches of up to `mostGroups` groups of `groupSize` queries, fewer where threads would be left without any.
  init(queryCount: Int, groupSize: Int, mostGroups: Int, threads: Int) {
    let groupsPerThread = queryCount / groupSize / max(1, threads)
    let groups = max(1, min(mostGroups, groupsPerThread))
    batches = Schedule.batches(of: 0..<queryCount, size: groupSize * groups)
    batchThreads = batches.count >= threads ? threads : 1
    partitionThreads = batchThreads == 1 ? threads : 1
  }

  /// Consecutive ranges of up to `size` numbers.
  static func batches(of numbers: Range<Int>, size: Int) -> [Range<Int>] {
    stride(from: numbers.lowerBound, to: numbers.upperBound, by: size).map {
      $0..<min(numbers.upperBound, $0 + size)
    }
  }

  /// The results of `body` for every batch, in order.
  func mapBatches<Value: Sendable>(
    _ body: @Sendable (Range<Int>) throws(IndexError) -> Value
  ) throws(IndexError) -> [Value] {
    try map(batches.count, threads: batchThreads) { (number) throws(IndexError) in
      try body(batches[number])
    }
  }

  /// How many threads take part in work on `count` segments or rows.
  func partitionCount(of count: Int) -> Int { max(1, min(partitionThreads, count)) }

  /// The results of `body` for every partition of `count` segments or rows, in order; at least one.
  func mapPartitions<Value: Sendable>(
    of count: Int, _ body: @Sendable (Range<Int>) throws(IndexError) -> Value
  ) throws(IndexError) -> [Value] {
    let partitions = partitionCount(of: count)
    return try map(partitions, threads: partitions) { (number) throws(IndexError) in
      try body(count * number / partitions..<count * (number + 1) / partitions)
    }
  }

  /// The results of `body` for the numbers below `count`, in order.
  ///
  /// For one thread the loop is here, where it is specialized: a short search would spend a tenth of its time on generic
  /// code.
  func map<Value: Sendable>(
    _ count: Int, threads: Int, _ body: @Sendable (Int) throws(IndexError) -> Value
  ) throws(IndexError) -> [Value] {
    guard threads > 1, count > 1 else {
      var values: [Value] = []
      values.reserveCapacity(count)
      for number in 0..<count { values.append(try body(number)) }
      return values
    }
    return try Parallel.map(count, threads: threads, body)
  }
}
