import{a as e,b as r}from"./chunk-6Q5GHDOS.js";import"./chunk-HFT2X76T.js";import"./chunk-OOJM4CTU.js";export{e as TreemapModule,r as createTreemapServices};
