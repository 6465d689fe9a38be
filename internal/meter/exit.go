package meter

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.uber.org/zap"
)

// join takes an exit in that is about to run.
func (o *outbox) join(x *Exit, pipeline string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	x.name = o.freeName(pipeline)
	o.exits[x.name] = x
}

// leave notes that an exit has stopped. What it still does, if it was left
// behind, has no effect.
func (o *outbox) leave(x *Exit) {
	o.mu.Lock()
	defer o.mu.Unlock()
	x.gone = true
}

// expect says how many exits there will be.
func (o *outbox) expect(exits int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.expected = exits
}

// used says whether there ever was an exit.
func (o *outbox) used() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.exits) > 0
}

// lastOf says whether no other exit runs any more.
func (o *outbox) lastOf(x *Exit) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, other := range o.exits {
		if other != x && !other.gone {
			return false
		}
	}
	return true
}

// freeName names an exit after its pipeline or, where that is not known, by the
// order in which exits start. No two that run have the same name, whatever they
// say their pipeline is: one would be taken for the other.
func (o *outbox) freeName(pipeline string) string {
	name := pipeline
	for n := 1; ; n++ {
		switch {
		case pipeline == "":
			name = fmt.Sprintf("exit %d", n)
		case n > 1:
			name = fmt.Sprintf("%s (%d)", pipeline, n)
		}
		if x, taken := o.exits[name]; !taken || x.gone {
			return name
		}
	}
}

// pass sends a chunk. What the next consumer refuses for good counts as taken,
// because sending it again would never help.
func (x *Exit) pass(ctx context.Context, data []byte) error {
	md, err := (&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics(data)
	if err != nil {
		return fmt.Errorf("read delta window: %w", err)
	}
	// A consumer that ignored the end of the context returns some day: it may be
	// gone by then and must not be called again.
	if err := ctx.Err(); err != nil {
		return err
	}
	points := md.DataPointCount()
	err = x.next.ConsumeMetrics(ctx, md)
	if err == nil || !consumererror.IsPermanent(err) {
		return err
	}
	x.meter.telemetry.exportRejected(points)
	x.meter.log.Error("Usage was refused for good: it is not sent again through this pipeline", zap.String("pipeline", x.name), zap.Int("data_points", points), zap.Error(err))
	return nil
}
