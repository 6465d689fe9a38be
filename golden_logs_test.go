package usageprocessor

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// logsText is a resource in the section `logs`, which is a list of them.
type logsText struct {
	originText `yaml:",inline"`
	Each       logText   `yaml:"each"` // what records have that do not say something else
	Records    []logText `yaml:"records"`
}

type logText struct {
	Event      string         `yaml:"event"` // the event name, not the attribute
	Body       any            `yaml:"body"`
	Severity   string         `yaml:"severity"`
	Time       time.Duration  `yaml:"time"`     // seen from the arrival
	Observed   time.Duration  `yaml:"observed"` // seen from Time
	Without    string         `yaml:"without"`  // `time`: there is only when it was observed
	Attributes map[string]any `yaml:"attributes"`
	// Small numbers; 0: the record is of no trace.
	Trace uint64 `yaml:"trace"`
	Span  uint64 `yaml:"span"`
}

var severities = map[string]plog.SeverityNumber{
	"": plog.SeverityNumberUnspecified, "DEBUG": plog.SeverityNumberDebug, "INFO": plog.SeverityNumberInfo,
	"WARN": plog.SeverityNumberWarn, "ERROR": plog.SeverityNumberError,
}

// readLogs reads a batch that arrives now.
func readLogs(text string, now time.Time) (plog.Logs, error) {
	ld := plog.NewLogs()
	resources, err := readList[logsText](text)
	if err != nil {
		return ld, err
	}
	for _, r := range resources {
		rl := ld.ResourceLogs().AppendEmpty()
		sl := rl.ScopeLogs().AppendEmpty()
		err := r.write(rl.Resource(), sl.Scope())
		for _, l := range r.Records {
			l.complete(&r.Each)
			err = errors.Join(err, l.write(sl.LogRecords().AppendEmpty(), now))
		}
		if err != nil {
			return ld, err
		}
	}
	return ld, nil
}

// complete takes over what the record does not have.
func (l *logText) complete(each *logText) {
	if l.Event == "" {
		l.Event = each.Event
	}
	if l.Body == nil {
		l.Body = each.Body
	}
	if l.Severity == "" {
		l.Severity = each.Severity
	}
	if l.Without == "" {
		l.Without = each.Without
	}
	l.Attributes = merge(each.Attributes, l.Attributes)
}

func (l *logText) write(record plog.LogRecord, now time.Time) error {
	severity, ok := severities[strings.ToUpper(l.Severity)]
	if !ok || l.Without != "" && l.Without != "time" {
		return fmt.Errorf("log record %q: its severity or without is unknown", l.Event)
	}
	record.SetSeverityNumber(severity)
	record.SetSeverityText(l.Severity)
	record.SetEventName(l.Event)
	record.SetObservedTimestamp(pcommon.NewTimestampFromTime(now.Add(l.Time + l.Observed)))
	if l.Without == "" {
		record.SetTimestamp(pcommon.NewTimestampFromTime(now.Add(l.Time)))
	}
	record.SetTraceID(traceID(l.Trace))
	record.SetSpanID(spanID(l.Span))
	return errors.Join(record.Body().FromRaw(l.Body), put(record.Attributes(), l.Attributes))
}
