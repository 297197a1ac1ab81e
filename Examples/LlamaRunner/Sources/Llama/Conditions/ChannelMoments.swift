internal import Foundation

/// The mean squares of the channels of a model's keys, measured by layer and head.
///
/// From a file `[layers, heads, channels]` in NPY format, such as the ones of LatticeQuant
/// (github.com/yoon9728/LatticeQuant).
struct ChannelMoments {
  private let layers: Int
  private let heads: Int
  private let channels: Int
  private let moments: [Float]

  /// Reads a file; throws `CheckpointError` for one of another kind, and for moments that are not positive.
  init(contentsOf url: URL) throws {
    let data = try FileBytes.read(url)
    func damaged(_ reason: String) -> CheckpointError {
      CheckpointError(.damaged, url.path, reason)
    }
    let bytes = [UInt8](data)
    guard bytes.count > 10, bytes.starts(with: [0x93] + Array("NUMPY".utf8) + [1, 0]) else {
      throw damaged("is no NPY file of version 1.0")
    }
    let start = 10 + Int(bytes[8]) + Int(bytes[9]) << 8
    guard start <= bytes.count else { throw damaged("ends inside its header") }
    let header = String(decoding: bytes[10..<start], as: UTF8.self)
    guard header.contains("'<f4'"), header.contains("'fortran_order': False"),
      let shape = header.firstMatch(of: /'shape': \((\d+), (\d+), (\d+)\)/),
      let layers = Int(shape.1), let heads = Int(shape.2), let channels = Int(shape.3),
      layers > 0, heads > 0, channels > 0
    else {
      throw damaged("is no row-major float32 array of layers, heads and channels")
    }
    let (rows, large) = layers.multipliedReportingOverflow(by: heads)
    let (count, larger) = rows.multipliedReportingOverflow(by: channels)
    guard !large, !larger, count == (bytes.count - start) / 4, (bytes.count - start) % 4 == 0 else {
      throw damaged("has \(bytes.count - start) bytes of numbers, not those of its shape")
    }
    (self.layers, self.heads, self.channels) = (layers, heads, channels)
    moments = FloatType.float32.widen(data.suffix(4 * count))
    guard moments.allSatisfy({ $0.isFinite && $0 > 0 }) else {
      throw damaged("has mean squares that are not positive numbers")
    }
  }

  /// By how much each channel of a model's keys is to be larger: `[keyValueHeads][headDimension]`.
  ///
  /// Of `dimension` × n channels in the file, each n-th is taken from each half, so that channels which the
  /// rotary embedding pairs, i and i + half, stay pairs. The first layer stands for the first, the last for
  /// the last, and heads repeat. A factor is the channel's root mean square over the geometric mean of the
  /// head's, rounded to a power of two, so that multiplying and dividing by it are exact.
  ///
  /// Returns nil unless `dimension` is even and divides the file's channels.
  func factors(layer: Int, of count: Int, heads wanted: Int, dimension: Int) -> [Float]? {
    guard dimension % 2 == 0, channels % dimension == 0 else { return nil }
    let step = channels / dimension
    let source = count > 1 ? (layer * (layers - 1) + (count - 1) / 2) / (count - 1) : 0
    return (0..<wanted).flatMap { head in
      let first = (source * heads + head % heads) * channels
      let half = dimension / 2
      let logs = (0..<dimension).map { channel in
        let place = channel / half * (channels / 2) + channel % half * step
        return log2(moments[first + place]) / 2
      }
      let mean = logs.reduce(0, +) / Float(dimension)
      return logs.map { exp2(($0 - mean).rounded()) }
    }
  }
}
