/// ⟨x, y⟩ in double precision.
package func dot(_ x: [Float], _ y: [Float]) -> Double {
  var sum = 0.0
  for i in x.indices { sum += Double(x[i]) * Double(y[i]) }
  return sum
}
