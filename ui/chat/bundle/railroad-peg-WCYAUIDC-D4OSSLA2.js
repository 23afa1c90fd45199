import{a as e,b as r}from"./chunk-4NJGPYZM.js";import"./chunk-HFT2X76T.js";import"./chunk-OOJM4CTU.js";export{e as RailroadPegModule,r as createRailroadPegServices};
