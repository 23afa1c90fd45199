import{a as r,b as o}from"./chunk-KGC6YG43.js";import"./chunk-HFT2X76T.js";import"./chunk-OOJM4CTU.js";export{r as RailroadModule,o as createRailroadServices};
