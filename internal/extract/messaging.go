package extract

import (
	"github.com/otelusage/usageprocessor/internal/dialect"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// messagingVerb is what is done with messages; unstated where the kind of span
// says it.
func (r *Reading) messagingVerb(unstated string) string {
	switch verb := r.values.text(dialect.MessagingOperation); verb {
	case "":
		return unstated
	case "publish": // what send was called before v1.26 of the conventions
		return "send"
	case "deliver": // what process was called
		return "process"
	default:
		return verb
	}
}

// messagingName writes "process orders". Destinations that exist for one
// conversation only, such as reply queues, are all the same.
func (r *Reading) messagingName(verb string) {
	v := &r.values
	r.key.Write(verb)
	r.key.Write(" ")
	switch template, name := v.text(dialect.MessagingTemplate), v.text(dialect.MessagingDestination); {
	case template != "":
		r.key.Write(template)
	case r.temporary():
		r.key.Write("(temporary)")
	case name != "":
		r.template(name)
	default:
		r.key.Write(usage.Unknown)
	}
}

// temporary says whether a destination exists for one conversation only.
func (r *Reading) temporary() bool {
	temporary, _ := r.values.flag(dialect.MessagingTemporary)
	return temporary
}
