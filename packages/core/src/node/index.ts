export {
  type NodeHandler,
  type NodeHandlerOptions,
  type NodeRequest,
  toNodeHandler,
} from './to-node-handler.ts';
