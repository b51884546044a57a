//go:build !kube134

package main

import (
	v1 "k8s.io/api/core/v1"
	resourceapi "k8s.io/api/resource/v1"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/backend/cache"
)

type (
	Plugin          = fwk.Plugin
	Handle          = fwk.Handle
	SharedLister    = fwk.SharedLister
	PreFilterPlugin = fwk.PreFilterPlugin
	FilterPlugin    = fwk.FilterPlugin
	PreScorePlugin  = fwk.PreScorePlugin
	ScorePlugin     = fwk.ScorePlugin
	NodeScore       = fwk.NodeScore
	NodeScoreList   = fwk.NodeScoreList
)

func newSnapshot(pods []*v1.Pod, nodes []*v1.Node) SharedLister {
	return cache.NewSnapshot(pods, nodes)
}

// manager knows which device class is behind an extended resource, and nothing else.
type manager struct {
	fwk.SharedDRAManager
	of *profile
}

func (m *manager) DeviceClassResolver() fwk.DeviceClassResolver { return resolver{m.of} }

type resolver struct{ of *profile }

func (r resolver) GetDeviceClass(name v1.ResourceName) *resourceapi.DeviceClass {
	return r.of.classes[string(name)]
}

func draManager(of *profile) fwk.SharedDRAManager { return &manager{of: of} }
