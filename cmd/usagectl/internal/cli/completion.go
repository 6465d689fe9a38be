package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// complete lets shells offer the values of a flag.
func complete(cmd *cobra.Command, flag string, values func() []string) {
	register(cmd, flag, func(string) []string { return values() })
}

// completeList does so for a flag that takes several, between commas: what was written
// already stands before what is offered.
func completeList(cmd *cobra.Command, flag string, values func() []string) {
	register(cmd, flag, func(begun string) []string {
		before := begun[:strings.LastIndexByte(begun, ',')+1]
		var offered []string
		for _, v := range values() {
			if !slices.Contains(strings.Split(before, ","), v) {
				offered = append(offered, before+v)
			}
		}
		return offered
	})
}

func register(cmd *cobra.Command, flag string, values func(begun string) []string) {
	// It fails for flags that there are not, as every test would notice.
	_ = cmd.RegisterFlagCompletionFunc(flag, func(_ *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
		return values(begun), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	})
}
