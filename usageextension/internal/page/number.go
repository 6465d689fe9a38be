package page

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/otelusage/usageprocessor/internal/query"
)

// number is a value as people read it, and as it is.
type number struct {
	// Text is short, Exact says everything, with its unit.
	Text, Exact string
	// Value is for programs, without any grouping; empty: there is none.
	Value string
}

// unknown is a value that nobody knows, or that cannot be.
func unknown(why string) number { return number{Text: "–", Exact: why} }

// count writes every digit.
func count(n int64) number {
	text := grouped(n)
	return number{Text: text, Exact: text, Value: strconv.FormatInt(n, 10)}
}

// short writes three digits of large numbers.
func short(n int64) number {
	c := count(n)
	if n >= 10_000 {
		c.Text = scaled(float64(n), "", "k", "M", "B", "T")
	}
	return c
}

func bytes(n int64) number {
	return number{
		Text:  scaled(float64(n), " B", " kB", " MB", " GB", " TB"),
		Exact: grouped(n) + " bytes", Value: strconv.FormatInt(n, 10),
	}
}

// scaled divides by a thousand until the number is below, or units are used up.
func scaled(v float64, units ...string) string {
	unit := 0
	// What would be rounded to a thousand belongs to the next unit.
	for v >= 999.5 && unit < len(units)-1 {
		v /= 1000
		unit++
	}
	if unit == 0 || v >= 999.5 {
		return grouped(int64(v)) + units[unit]
	}
	return digits(v, 3) + units[unit]
}

// digits writes a positive number below a million with so many significant digits, all
// of those before the point included.
func digits(v float64, significant int) string {
	before := 1 + int(math.Floor(math.Log10(v)))
	text := strconv.FormatFloat(v, 'f', max(0, significant-before), 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}

// grouped puts commas between thousands.
func grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	for at := len(text) - 3; at > 0 && text[at-1] != '-'; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

const nanosPerUSD = 1_000_000_000

// money writes nano-USD: cents, and of less than a dollar what there is of it.
func money(nano int64) number {
	exact := query.Number{Whole: nano / nanosPerUSD, Parts: nano % nanosPerUSD, Known: true}.String()
	n := number{Exact: exact + " USD", Value: exact}
	switch usd := float64(nano) / nanosPerUSD; {
	case nano == 0:
		n.Text = "$0"
	case usd >= 0.9995:
		cents := nano/10_000_000 + nano%10_000_000/5_000_000
		n.Text = "$" + grouped(cents/100) + "." + strconv.FormatInt(100+cents%100, 10)[1:]
	default:
		n.Text = "$" + digits(usd, 3)
		if point := strings.IndexByte(n.Text, '.'); len(n.Text)-point == len(".0") {
			n.Text += "0" // as cents are written
		}
	}
	return n
}

// costOf is not 0 where nobody knows the price: that is another thing than free.
func costOf(m *query.Row) number {
	cost := m.TotalCost()
	switch {
	case cost > 0 || m.TotalTokens() > 0 && m.Unpriced == 0:
		return money(cost)
	case m.Unpriced > 0:
		return unknown("no price is known")
	default:
		return unknown("nothing with a price")
	}
}

// rate is a share of one.
func rate(n query.Number) number {
	if !n.Known {
		return unknown("no requests")
	}
	percent := n.Float() * 100
	text := "<0.01 %"
	switch {
	case percent == 0:
		text = "0 %"
	case percent >= 0.005:
		text = strings.TrimSuffix(strconv.FormatFloat(percent, 'f', 2, 64), ".00") + " %"
	}
	return number{Text: text, Exact: n.String(), Value: n.String()}
}

// seconds is how long something took on average.
func seconds(n query.Number) number {
	if !n.Known || n.Whole == 0 && n.Parts == 0 {
		return unknown("not measured")
	}
	v, unit := n.Float(), " s"
	switch {
	case v >= 2*60*60:
		return number{Text: grouped(int64(v/3600+0.5)) + " h", Exact: n.String() + " s", Value: n.String()}
	case v >= 2*60:
		v, unit = v/60, " min"
	case v < 0.000_999_5:
		v, unit = v*1e6, " µs"
	case v < 0.999_5:
		v, unit = v*1e3, " ms"
	}
	return number{Text: digits(v, 3) + unit, Exact: n.String() + " s", Value: n.String()}
}

// moment is how long ago something was; never is what a zero time says.
func moment(t, now time.Time, never string) number {
	if t.IsZero() {
		return unknown(never)
	}
	return number{Text: ago(now.Sub(t)), Exact: t.In(now.Location()).Format("2006-01-02 15:04:05 MST"), Value: t.UTC().Format(time.RFC3339)}
}

func ago(d time.Duration) string {
	switch {
	case d < time.Second:
		return "just now"
	case d < 2*time.Minute:
		return strconv.Itoa(int(d/time.Second)) + " s ago"
	case d < 2*time.Hour:
		return strconv.Itoa(int(d/time.Minute)) + " min ago"
	case d < 48*time.Hour:
		return strconv.Itoa(int(d/time.Hour)) + " h ago"
	default:
		return strconv.Itoa(int(d/(24*time.Hour))) + " days ago"
	}
}
