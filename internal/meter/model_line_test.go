package meter

import (
	"fmt"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// modelLineClass is what a log record of the model test is about.
type modelLineClass int

const (
	tellsOfCall    modelLineClass = iota // to a model
	tellsOfFailure                       // of one
	hasDetails                           // of a call to a model that has a span as well
	servedLine                           // of an access log
	besideOther                          // stands beside one that tells of the call
	sumsUp                               // calls that have records of their own
	chatters
	startsSession
	endsSession
	modelLineClasses
)

// modelLine is a log record as its writer knows it.
type modelLine struct {
	number  int
	class   modelLineClass
	service string
	name    string // of the model or route
	tenant  string
	request string // ID of the call; empty: none
	session string // empty: none
	at      int64  // Unix ns; 0: none
	status  int    // HTTP
	millis  int64  // negative: not known
	bytes   int64
	micros  int64 // USD
	tokens  [usage.TokenTypes]int64
}

// modelLines invents log records.
type modelLines struct {
	*modelServices
	requests []string // the newest IDs of calls
}

func (g *modelLines) line(now int64) *modelLine {
	l := &modelLine{
		number: g.number(), class: modelLineClass(g.rng.IntN(int(modelLineClasses))),
		at: now - g.rng.Int64N(1e9), status: pick(g.rng, 404, 429, 500), millis: g.rng.Int64N(1000) - 100,
		bytes: g.rng.Int64N(1000),
	}
	l.service, l.name, l.tenant = g.one("desk", "shell")
	l.session = g.session()
	if g.rng.IntN(5) == 0 {
		l.class, l.session = pick(g.rng, startsSession, endsSession), "session 1"
	}
	if g.rng.IntN(2) == 0 {
		l.class = pick(g.rng, tellsOfCall, servedLine)
	}
	if g.rng.IntN(20) == 0 {
		l.at = 0
	}
	if l.class == hasDetails {
		l.millis = -1 // not among them
	}
	if (l.class == tellsOfCall || l.class == hasDetails) && g.rng.IntN(10) > 0 {
		l.micros = g.rng.Int64N(1000)
		for _, t := range []usage.TokenType{usage.Input, usage.CacheRead, usage.CacheWrite, usage.Output} {
			l.tokens[t] = g.rng.Int64N(100)
		}
	}
	if g.rng.IntN(10) > 0 {
		l.request = g.newRequest(l.number)
	}
	return l
}

// newRequest is the ID of a call. Another one may tell of the same.
func (g *modelLines) newRequest(number int) string {
	if len(g.requests) > 0 && g.rng.IntN(8) == 0 {
		return g.oldRequest()
	}
	g.requests = append(g.requests, fmt.Sprintf("request %09d", number)) // short ones are none
	return g.requests[len(g.requests)-1]
}

// oldRequest is the ID of a call that was told of, empty if none was.
func (g *modelLines) oldRequest() string {
	recent := g.requests[max(0, len(g.requests)-10):]
	if len(recent) == 0 {
		return ""
	}
	return pick(g.rng, recent...)
}

func (g *modelLines) some(now int64) (lines []*modelLine) {
	for range 1 + g.rng.IntN(4) {
		lines = append(lines, g.line(now))
	}
	if g.rng.IntN(8) == 0 {
		lines = append(lines, pick(g.rng, lines...)) // twice in one batch
	}
	return lines
}

func (l *modelLine) from() string { return l.service }

// String is for reading what has happened.
func (l *modelLine) String() string {
	return fmt.Sprintf("line %d/%s/%s", l.number, l.service, l.request)
}

func (l *modelLine) write(out plog.LogRecord) {
	out.SetTimestamp(pcommon.Timestamp(l.at))
	attrs := out.Attributes()
	attrs.PutStr("tenant.id", l.tenant)
	attrs.PutInt("line", int64(l.number))
	if l.session != "" {
		attrs.PutStr("session.id", l.session)
	}
	name := [modelLineClasses]string{
		tellsOfCall: "claude_code.api_request", tellsOfFailure: "claude_code.api_error",
		hasDetails:  "gen_ai.client.inference.operation.details",
		besideOther: "claude_code.api_refusal", sumsUp: "claude_code.subagent_completed",
		startsSession: "session.start", endsSession: "session.end",
	}[l.class]
	switch {
	case l.class == servedLine:
		l.writeServed(attrs)
		return
	case name == "":
		out.Body().SetStr("hello")
		return
	case l.number%2 == 0:
		out.SetEventName(name)
	default:
		out.Body().SetStr(name)
	}
	switch l.class {
	case hasDetails:
		l.writeDetails(attrs)
	case startsSession, endsSession:
		l.writeOwner(attrs)
	default:
		l.writeCall(attrs)
	}
}

func (l *modelLine) writeDetails(attrs pcommon.Map) {
	attrs.PutStr("gen_ai.operation.name", "chat")
	attrs.PutStr("gen_ai.provider.name", "openai")
	attrs.PutStr("gen_ai.response.model", l.name)
	attrs.PutStr("gen_ai.response.id", l.request)
	attrs.PutInt("gen_ai.usage.input_tokens", l.tokens[usage.Input]+l.tokens[usage.CacheRead]+l.tokens[usage.CacheWrite])
	attrs.PutInt("gen_ai.usage.cache_read.input_tokens", l.tokens[usage.CacheRead])
	attrs.PutInt("gen_ai.usage.cache_write.input_tokens", l.tokens[usage.CacheWrite])
	attrs.PutInt("gen_ai.usage.output_tokens", l.tokens[usage.Output])
	attrs.PutDouble("gen_ai.usage.cost", float64(l.micros)/1e6)
}

func (l *modelLine) writeServed(attrs pcommon.Map) {
	attrs.PutStr("http.request.method", "GET")
	attrs.PutStr("http.route", "/"+l.name)
	attrs.PutInt("http.response.status_code", int64(l.status))
	attrs.PutInt("http.request.body.size", l.bytes)
	l.writeMillis(attrs)
}

func (l *modelLine) writeMillis(attrs pcommon.Map) {
	if l.millis >= 0 {
		attrs.PutInt("duration_ms", l.millis)
	}
}

func (l *modelLine) writeCall(attrs pcommon.Map) {
	attrs.PutStr("model", l.name)
	l.writeMillis(attrs)
	if l.request != "" {
		attrs.PutStr("request_id", l.request)
	}
	if l.class == tellsOfFailure {
		attrs.PutInt("status_code", int64(l.status))
		attrs.PutStr("error", "failed")
		return
	}
	if l.micros%2 == 0 {
		attrs.PutInt("cost_usd_micros", l.micros)
	} else {
		attrs.PutDouble("cost_usd", float64(l.micros)/1e6)
	}
	attrs.PutInt("input_tokens", l.tokens[usage.Input])
	attrs.PutInt("cache_read_tokens", l.tokens[usage.CacheRead])
	attrs.PutStr("cache_creation_tokens", fmt.Sprint(l.tokens[usage.CacheWrite]))
	attrs.PutInt("output_tokens", l.tokens[usage.Output])
}

func (l *modelLine) record(c *modelConfig, now int64) modelRecord {
	r := modelRecord{item: l, end: l.at}
	l.recordOf(c, now, &r)
	if r.series != "" {
		r.touch = newTouch(ownerOf(r.series), l.session, ofOutcome(&r.added), l.at, max(l.millis, 0)*int64(time.Millisecond), now)
	}
	return r
}

func (l *modelLine) recordOf(c *modelConfig, now int64, r *modelRecord) {
	switch {
	case l.class == chatters:
		r.verdict = usage.UnmeteredUnrecognized
	case l.class == besideOther:
		r.verdict = usage.SkippedNested
	case l.class == sumsUp:
		r.verdict = usage.SkippedAggregate
	case l.class == startsSession || l.class == endsSession:
		l.describeSession(c, now, r)
	case l.class == servedLine:
		l.describeServed(c, r)
	case !c.providers:
		r.verdict = usage.UnmeteredDisabled
	default:
		l.describeCall(c, r)
	}
}

func (l *modelLine) describeServed(c *modelConfig, r *modelRecord) {
	r.series = c.seriesName(usage.Endpoint, l.tenant, l.service, "http", "GET /"+l.name)
	r.channel = c.channel(usage.Endpoint, "http", l.service, usage.Logs)
	r.added.Requests[outcomeOf(l.status)]++
	r.added.RequestBytes = l.bytes
	l.describe(r)
}

func (l *modelLine) describeCall(c *modelConfig, r *modelRecord) {
	provider, family := "anthropic", "claude_code"
	if l.class == hasDetails {
		provider, family = "openai", "gen_ai"
	}
	r.series = c.seriesName(usage.Provider, l.tenant, l.service, provider, "gen_ai", l.name, "chat")
	r.channel = c.channel(usage.Provider, family, l.service, usage.Logs)
	r.claim = l.service + " " + provider
	if l.class == tellsOfFailure {
		r.added.Requests[outcomeOf(l.status)]++
		r.channel.weak = true
	} else {
		r.added.Requests[usage.Success]++
		r.added.Tokens, r.added.CostReported = l.tokens, l.micros*int64(time.Microsecond)
		r.channel.weak = l.tokens == [usage.TokenTypes]int64{} && l.micros == 0
	}
	if l.request != "" && c.window > 0 {
		r.alias = l.request
	}
	l.describe(r)
}

// describe says what all lines have.
func (l *modelLine) describe(r *modelRecord) {
	if l.millis >= 0 {
		r.added.Duration, r.added.durations = l.millis*int64(time.Millisecond), 1
	}
	switch {
	case l.request != "" && (l.class == tellsOfCall || l.class == tellsOfFailure):
		r.key = "request " + l.service + " " + l.request
	case l.at > 0:
		r.key = fmt.Sprint("line ", l.number)
	}
}

// owner is whose session an event is about; empty: that of whoever has it.
func (l *modelLine) owner() string {
	switch {
	case l.number%3 == 0:
		return ofProvider("openai")
	case l.number%3 == 1 || l.class == startsSession:
		return ofEndpoint(l.service, "GET /"+l.name)
	default:
		return ""
	}
}

func (l *modelLine) writeOwner(attrs pcommon.Map) {
	switch kind := ownerKind(l.owner()); kind {
	case usage.Provider.String():
		attrs.PutStr("gen_ai.provider.name", "openai")
	case usage.Endpoint.String():
		attrs.PutStr("http.request.method", "GET")
		attrs.PutStr("http.route", "/"+l.name)
	}
}

func (l *modelLine) describeSession(c *modelConfig, now int64, r *modelRecord) {
	switch {
	case l.session == "":
		r.verdict = usage.UnmeteredUnrecognized
		return
	case ownerKind(l.owner()) == usage.Provider.String() && !c.providers:
		r.verdict = usage.UnmeteredDisabled
		return
	}
	activity := usage.Started
	if l.class == endsSession {
		activity = usage.Ended
	}
	r.touch = newTouch(l.owner(), l.session, activity, l.at, 0, now)
	l.describe(r)
	r.added = modelSeries{}
}
