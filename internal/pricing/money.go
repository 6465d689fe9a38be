package pricing

import (
	"fmt"
	"math"
	"math/bits"
)

const (
	nanoPerUSD = 1_000_000_000
	million    = 1_000_000
	thousand   = 1_000
)

// maxUSD bounds prices per million tokens and per call. It is far above every
// real one, and low enough that the cost of a call is added up in 128 bits.
const maxUSD = 1_000_000

// nano converts a price in USD to nano-USD.
func nano(usd float64) (int64, error) {
	// Not a number compares with nothing.
	if !(usd >= 0 && usd <= maxUSD) {
		return 0, fmt.Errorf("is %v: USD from 0 to %d are accepted", usd, maxUSD)
	}
	return int64(math.Round(usd * nanoPerUSD)), nil
}

// wide is an unsigned integer of 128 bits.
type wide struct{ high, low uint64 }

// addProduct adds a*b. Six products of an int64 and a price do not overflow.
func (w *wide) addProduct(a, b uint64) {
	high, low := bits.Mul64(a, b)
	var carry uint64
	w.low, carry = bits.Add64(w.low, low, 0)
	w.high, _ = bits.Add64(w.high, high, carry)
}

// divided divides and rounds half up; it stops at the largest int64.
func (w wide) divided(by uint64) int64 {
	low, carry := bits.Add64(w.low, by/2, 0)
	high := w.high + carry
	if high >= by {
		return math.MaxInt64
	}
	quotient, _ := bits.Div64(high, low, by)
	return int64(min(quotient, math.MaxInt64))
}
